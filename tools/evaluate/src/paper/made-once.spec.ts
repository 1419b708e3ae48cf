import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@watchnext/testing';
import { madeOnce } from './made-once';

describe('an archive that is made once', () => {
  let work: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeEach(async () => (work = await temporaryDirectory('made-once')));
  afterEach(() => work.remove());

  const make = async (folder: string, text = 'made') => {
    await mkdir(join(folder, 'archive'));
    await writeFile(join(folder, 'archive', 'file'), text);
  };
  const once = (fingerprint: string, by = make) => madeOnce(join(work.path, 'log'), fingerprint, by);

  it('is there for the next run, and made anew of other files', async () => {
    const archive = await once('of one');
    const again = jest.fn(make);
    expect(await once('of one', again)).toBe(archive);
    expect(again).not.toHaveBeenCalled();
    await once('of another', (folder) => make(folder, 'anew'));
    expect(await readFile(join(archive, 'file'), 'utf8')).toBe('anew');
    expect(await readdir(work.path)).toEqual(['log']);
  });

  it('is whole also where two runs on one work folder make it at the same time', async () => {
    let begun = 0;
    let go: () => void;
    const bothMake = new Promise<void>((resolve) => (go = resolve));
    const together = async (folder: string) => {
      if (++begun === 2) go();
      await bothMake;
      await make(folder);
    };
    const [first, second] = await Promise.all([once('of one', together), once('of one', together)]);
    expect(second).toBe(first);
    expect(await readFile(join(first, 'file'), 'utf8')).toBe('made');
    expect(await readdir(work.path)).toEqual(['log']);
  });

  it('leaves nothing half made where it fails', async () => {
    const failing = async (folder: string) => {
      await make(folder);
      throw new Error('a full disk');
    };
    await expect(once('of one', failing)).rejects.toThrow('a full disk');
    expect(await readdir(work.path)).toEqual([]);
  });
});
