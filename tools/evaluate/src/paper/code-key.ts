/** Tells apart what was made by one state of the code from what was made by another. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Unit } from './units';

interface Code {
  readonly packages: readonly string[];
  /** Of this project, from this folder. */
  readonly modules: readonly string[];
}

/** Of the steps from a raw log to `PaperData`: of no model, so that a change of one leaves the other's results. */
export const DATA_CODE: Code = {
  packages: [
    '@watchnext/contract',
    '@watchnext/datasets',
    '@watchnext/event-archive',
    '@watchnext/evaluation',
    '@watchnext/features',
    '@watchnext/learning',
    '@watchnext/offline',
    '@watchnext/simulator',
  ],
  modules: [
    'data',
    'plain-examples',
    '../candidates/protocol',
    '../data/archive',
    '../data/watch-data',
    '../ranking/split',
  ],
};

const UNIT_MODULES = ['age-curve', 'examples', 'run-unit', 'trained-as'];
const CANDIDATE_CODE: Code = {
  packages: [
    '@watchnext/candidate-model',
    '@watchnext/evaluation',
    '@watchnext/inference',
    '@watchnext/learning',
    '@watchnext/tensor',
  ],
  modules: UNIT_MODULES,
};
const RANKING_CODE: Code = {
  packages: [
    '@watchnext/evaluation',
    '@watchnext/features',
    '@watchnext/inference',
    '@watchnext/learning',
    '@watchnext/offline',
    '@watchnext/ranking-model',
    '@watchnext/tensor',
  ],
  modules: UNIT_MODULES,
};
/** Of training a unit and asking it. */
export const UNIT_CODE: Readonly<Record<Unit['kind'], Code>> = {
  candidate: CANDIDATE_CODE,
  'age-curve': CANDIDATE_CODE,
  ranking: RANKING_CODE,
};

/** The same as long as the code is that makes a log's `PaperData`. */
export function dataCodeKey(): string {
  return keyOf(DATA_CODE);
}

/** The same as long as the code is that trains and asks units of this kind. */
export function unitCodeKey(kind: Unit['kind']): string {
  return keyOf(UNIT_CODE[kind]);
}

const known = new Map<string, string>();

function keyOf({ packages, modules }: Code): string {
  const asked = [...packages, ...modules].join('\n');
  let key = known.get(asked);
  if (key === undefined) {
    const hash = createHash('sha256');
    for (const name of packages) addFolder(hash, dirname(require.resolve(name)));
    for (const name of modules) hash.update(readFileSync(require.resolve(`./${name}`)));
    known.set(asked, (key = hash.digest('hex').slice(0, 24)));
  }
  return key;
}

/** All of a package's modules, in the order of their names, specs left out. */
function addFolder(hash: ReturnType<typeof createHash>, folder: string): void {
  const modules = (readdirSync(folder, { recursive: true }) as string[]).filter(
    (name) => /\.[jt]s$/.test(name) && !/\.(d|spec)\.ts$/.test(name),
  );
  for (const name of modules.sort()) hash.update(`${name}\n`).update(readFileSync(join(folder, name)));
}
