/** Which code the paper's results hang on. */
import { codeKeyOf, RANKING_PACKAGES } from '../code-key';
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
    '@watchnext/waiting',
  ],
  modules: [
    'data',
    'plain-examples',
    '../candidates/protocol',
    '../data/archive',
    '../data/imported',
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
  packages: RANKING_PACKAGES,
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

function keyOf({ packages, modules }: Code): string {
  return codeKeyOf(
    packages,
    modules.map((name) => require.resolve(`./${name}`)),
  );
}
