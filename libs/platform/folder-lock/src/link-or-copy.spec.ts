import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import fsPromises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linkOrCopy } from './link-or-copy';

describe('a second name for a file', () => {
  let folder: string;
  const path = (name: string) => join(folder, name);
  const linkFails = (code: string) =>
    jest.spyOn(fsPromises, 'link').mockRejectedValue(Object.assign(new Error(`${code}: of the test`), { code }));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'watchnext-linked-'));
    writeFileSync(path('from'), 'bytes');
  });
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  it('is of the same bytes', async () => {
    await linkOrCopy(path('from'), path('to'));
    expect(statSync(path('to')).ino).toBe(statSync(path('from')).ino);
  });

  it.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV'])(
    'is of a copy where links are refused by %s, and never of a file that was there',
    async (code) => {
      linkFails(code);
      await linkOrCopy(path('from'), path('to'));
      expect(readFileSync(path('to'), 'utf8')).toBe('bytes');
      expect(statSync(path('to')).ino).not.toBe(statSync(path('from')).ino);
      writeFileSync(path('there'), 'of somebody else');
      await expect(linkOrCopy(path('from'), path('there'))).rejects.toMatchObject({ code: 'EEXIST' });
      expect(readFileSync(path('there'), 'utf8')).toBe('of somebody else');
    },
  );

  it('is none where anything else goes wrong', async () => {
    linkFails('EIO');
    await expect(linkOrCopy(path('from'), path('to'))).rejects.toMatchObject({ code: 'EIO' });
    expect(readdirSync(folder)).toEqual(['from']);
  });
});
