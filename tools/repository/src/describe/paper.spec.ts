/** docs/paper.md says for each line of the paper where it is and what shows it: those files must be there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './sources';

const text = readFileSync(join(ROOT, 'docs/paper.md'), 'utf8');
const [, candidates = '', ranking = ''] = text.split(/^## .*$/m);

const filesIn = (part: string) => [...new Set([...part.matchAll(/`([\w./-]+\.ts)`/g)].map(([, file = '']) => file))];
const isThere = (...places: string[]) => places.some((place) => existsSync(join(ROOT, place)));

it.each(filesIn(candidates))('of candidate generation, %s is where the page says', (file) => {
  const places = file.includes('/')
    ? [`libs/domain/${file}`, `libs/platform/${file}`, ...(file.startsWith('apps/') ? [file] : [])]
    : [`libs/domain/candidate-model/src/${file}`];
  expect(isThere(...places)).toBe(true);
});

it.each(filesIn(ranking))('of ranking, %s is where the page says', (file) => {
  expect(isThere(file.includes('/') ? file : `libs/domain/ranking-model/src/${file}`)).toBe(true);
});
