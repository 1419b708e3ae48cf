import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSequences } from './sequences';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'watchnext-sequences-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (text: string) => {
  const path = join(folder, 'sequences.tsv');
  writeFileSync(path, text);
  return path;
};

describe('readSequences', () => {
  it('gives each watch with the watches before it, at most 50, and no time', async () => {
    const long = Array.from({ length: 60 }, (_, i) => `v${i}`);
    const data = await readSequences(file(`a\tx y x\r\n\nb\t${long.join(' ')}\n`));
    expect(data.timed).toBe(false);
    const [a, b] = data.users;
    expect(a.examples.map(({ labelVideoId }) => labelVideoId)).toEqual(['x', 'y', 'x']);
    expect(a.examples.map(({ features }) => features.watchedVideoIds)).toEqual([[], ['x'], ['x', 'y']]);
    expect(b.examples[59].features.watchedVideoIds).toEqual(long.slice(9, 59));
    expect(b.examples.every(({ labelAtMs }) => labelAtMs === 0)).toBe(true);
  });

  it.each([
    ['a x y\n', 'line 1: there is no tab after the user'],
    ['a\tx\n\ty\n', 'line 2: the user is empty'],
    ['a\tx\nb\t \n', 'line 2: user b has no items'],
    ['a\tx\na\ty\n', 'line 2: user a was there before'],
    ['\n', 'is empty'],
  ])('names the line at fault in %j', async (text, message) => {
    await expect(readSequences(file(text))).rejects.toThrow(message);
  });

  it('fails for a file that is not there', async () => {
    await expect(readSequences(join(folder, 'none'))).rejects.toThrow('ENOENT');
  });
});
