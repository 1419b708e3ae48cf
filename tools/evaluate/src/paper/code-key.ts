/** Tells apart what was made by one state of the code from what was made by another. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Unit } from './units';

/** Of the steps from a raw log to `PaperData`. */
const DATA_PACKAGES = [
  '@watchnext/contract',
  '@watchnext/datasets',
  '@watchnext/event-archive',
  '@watchnext/evaluation',
  '@watchnext/features',
  '@watchnext/learning',
  '@watchnext/offline',
  '@watchnext/simulator',
];
const CANDIDATE_PACKAGES = [
  '@watchnext/candidate-model',
  '@watchnext/evaluation',
  '@watchnext/learning',
  '@watchnext/tensor',
];
const RANKING_PACKAGES = [
  '@watchnext/evaluation',
  '@watchnext/features',
  '@watchnext/learning',
  '@watchnext/offline',
  '@watchnext/ranking-model',
  '@watchnext/tensor',
];
/** What this folder adds to them. */
const UNIT_MODULES = ['age-curve', 'examples', 'run-unit', 'trained-as'];
const DATA_MODULES = ['data', 'plain-examples'];

/** The same as long as the code is that makes a log's `PaperData`. */
export function dataCodeKey(): string {
  return keyOf(DATA_PACKAGES, DATA_MODULES);
}

/** The same as long as the code is that trains and asks units of this kind. */
export function unitCodeKey(kind: Unit['kind']): string {
  return keyOf(kind === 'ranking' ? RANKING_PACKAGES : CANDIDATE_PACKAGES, UNIT_MODULES);
}

const known = new Map<string, string>();

function keyOf(packages: readonly string[], modules: readonly string[]): string {
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
