import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalSystem } from '@watchnext/end-to-end';
import { temporaryDirectory } from '@watchnext/testing';
import { RELEASED_RECORDING } from '../recording';
import { record } from './record';

/** Where the system would be started. */
class StartedError extends Error {}

describe('making a recording', () => {
  let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
  let created: jest.SpyInstance;
  beforeEach(async () => {
    folder = await temporaryDirectory('record');
    created = jest.spyOn(LocalSystem, 'create').mockRejectedValue(new StartedError());
  });
  afterEach(async () => {
    created.mockRestore();
    await folder.remove();
  });

  it.each([
    ['without an about.json', undefined],
    ['with one of something else', '{"name": "my studies"}'],
    ['with one that is no JSON', 'about me'],
  ])('leaves a folder alone that has an archive of its own, %s', async (_, about) => {
    mkdirSync(join(folder.path, 'archive'));
    writeFileSync(join(folder.path, 'archive', 'events'), '');
    if (about !== undefined) writeFileSync(join(folder.path, 'about.json'), about);
    const before = readdirSync(folder.path);
    await expect(record(folder.path, () => undefined)).rejects.toThrow(
      `${folder.path} is not empty and holds no recording`,
    );
    expect(created).not.toHaveBeenCalled();
    expect(readdirSync(folder.path)).toEqual(before);
    expect(existsSync(join(folder.path, 'archive', 'events'))).toBe(true);
  });

  it('takes an empty folder, one that is not there, and that of a recording', async () => {
    for (const each of [folder.path, join(folder.path, 'new'), RELEASED_RECORDING])
      await expect(record(each, () => undefined)).rejects.toThrow(StartedError);
  });
});
