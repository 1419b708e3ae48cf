import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@watchnext/testing';
import type { Progress } from '../progress';
import { movietweetings } from './data';

const RATED_AT_S = 1_364_690_142;

describe('a raw log of the paper', () => {
  it('is imported once, and its import says what was left out', async () => {
    const folder = await temporaryDirectory('paper-data');
    try {
      const raw = join(folder.path, 'raw');
      await mkdir(raw);
      await writeFile(join(raw, 'movies.dat'), '1::A (2013)::Drama\n2::B (2012)::Short\n');
      const ratings = Array.from({ length: 20 }, (_, n) => `${n % 5}::${1 + (n % 2)}::7::${RATED_AT_S + n}`);
      await writeFile(join(raw, 'ratings.dat'), [...ratings, `8::1::eleven::${RATED_AT_S}`, ''].join('\n'));
      const said: string[] = [];
      const progress: Progress = {
        start: () => ({
          update: () => undefined,
          note: () => undefined,
          finish: () => undefined,
          abandon: () => undefined,
        }),
        say: (text) => void said.push(text),
        warn: () => undefined,
      };
      const open = () => movietweetings(raw, join(folder.path, 'work')).open(progress, new AbortController().signal);
      const archive = await open();
      expect(said.join('\n')).toMatch(/^ratings\.dat: 1 row left out\n.*"eleven"/);
      said.length = 0;
      expect(await open()).toBe(archive);
      expect(said).toEqual([]);
    } finally {
      await folder.remove();
    }
  });
});
