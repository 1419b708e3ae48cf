import type { Tree } from '@nx/devkit';
import { changedPaths, format, generateContract, say } from './afterwards';
import {
  freeFieldNumber,
  increment,
  insertAfter,
  insertAtEnd,
  insertBefore,
  NameError,
  requireCamelCase,
  snakeCase,
} from './edit';

export interface FeatureOptions {
  readonly name: string;
  readonly event: string;
}

const PROTO = 'libs/contract/proto/watchnext/state/v1/state.proto';
const FEATURES = 'libs/domain/features/src';
const REALS = 'libs/domain/candidate-model/src/reals.ts';
const SNAPSHOT_LAYOUT = 'libs/platform/snapshot-store/src/layout.ts';
const FIRST_NUMBER = 13;
/** The codec writes tags of one byte. */
const LAST_NUMBER = 15;

/** @throws NameError, AnchorError */
export default async function feature(tree: Tree, { name, event }: FeatureOptions): Promise<() => void> {
  requireCamelCase(name);
  const reducer = tree.read(`${FEATURES}/reducer.ts`, 'utf8') ?? '';
  if (!reducer.includes(`    case '${event}':\n`) || event === 'userDeleted' || event === 'userMerged') {
    throw new NameError(`the reducer folds no event ${event} that could be counted`);
  }
  const known = ['ranking-features.ts', 'ranking-video-features.ts'].map((file) =>
    tree.read(`${FEATURES}/${file}`, 'utf8'),
  );
  if (known.some((source) => new RegExp(`\\b${name}\\b`).test(source ?? ''))) {
    throw new NameError(`there is a feature ${name} already`);
  }
  const number = freeFieldNumber(tree, PROTO, 'message UserState {', FIRST_NUMBER);
  if (number > LAST_NUMBER) {
    throw new NameError(`UserState has no field number left that takes one byte: teach ${FEATURES}/state-codec.ts two`);
  }
  changeState(tree, name, event, number);
  changeModels(tree, name);
  changeSpecs(tree, name, event);
  const changed = changedPaths(tree);
  return () => {
    generateContract(tree);
    format(tree, changed);
    say(
      `The feature ${name} counts ${event} events, in the state and in both models. Next:`,
      `  ${FEATURES}/reducer.ts            # if it is to count anything but each event once`,
      '  npm run check                     # the tests that read yesterday’s snapshot ask for the line below',
      '  npm run dev -- record --to tools/dev/recording',
      '',
      'The models’ input is another one, so SNAPSHOT_FORMAT_VERSION went up: services of the new version refuse snapshots of',
      'the old one, and say so. Roll out: train with the new trainer, then the services. `npm run rebuild` fills the',
      'states of users who had such events before.',
    );
  };
}

function changeState(tree: Tree, name: string, event: string, number: number): void {
  const tag = `0x${(number << 3).toString(16)}`;
  insertAtEnd(
    tree,
    PROTO,
    'message UserState {',
    '\n}',
    `\n  // Number of ${event} events ever folded in.\n  int64 ${snakeCase(name)} = ${number};`,
  );
  const codec = `${FEATURES}/state-codec.ts`;
  insertAtEnd(tree, codec, 'export function newState(', '  };\n', `    ${name}: 0,\n`);
  insertAtEnd(tree, codec, 'function writeState(', '\n}\n', `\n  writer.integer(${tag}, state.${name});`);
  insertAtEnd(
    tree,
    codec,
    'function readState(',
    '      default:\n',
    `      case ${tag}:\n        state.${name} = reader.integer();\n        break;\n`,
  );
  const reducer = `${FEATURES}/reducer.ts`;
  insertAfter(tree, reducer, `    case '${event}':\n`, `      if (state.${name} < LIMITS.total) state.${name}++;\n`);
  insertBefore(
    tree,
    `${FEATURES}/merge.ts`,
    '  if (history.lastEventAtMs >',
    // A join, as all of merging: the same history twice counts nothing twice.
    `  state.${name} = Math.max(state.${name}, history.${name});\n`,
  );
  insertAfter(
    tree,
    `${FEATURES}/event-checks.ts`,
    `wholeNumber(history.watchCount, 'watchCount', LIMITS.total)`,
    ` ??\n    wholeNumber(history.${name}, '${name}', LIMITS.total)`,
  );
}

function changeModels(tree: Tree, name: string): void {
  const ranking = `${FEATURES}/ranking-features.ts`;
  insertAtEnd(tree, ranking, 'export const RANKING_USER_NUMBERS = [', '] as const;', `  '${name}',\n`);
  insertAtEnd(
    tree,
    ranking,
    'numbers: Float64Array = new Float64Array(RANKING_USER_NUMBERS.length),',
    '  return {\n',
    `  numbers[AT.${name}] = state.${name};\n`,
  );
  insertAtEnd(
    tree,
    `${FEATURES}/types.ts`,
    'export interface CandidateFeatures {',
    '\n}',
    `\n  /** Absent: none. */\n  readonly ${name}?: number;`,
  );
  insertAtEnd(
    tree,
    `${FEATURES}/candidate-features.ts`,
    '    gender: profile?.gender ?? 0,\n',
    '  };\n',
    `    ${name}: state.${name},\n`,
  );
  insertAtEnd(
    tree,
    REALS,
    'export const COUNT_REALS: readonly ((features: CandidateFeatures) => number | undefined)[] = [',
    '];',
    `  ({ ${name} }) => ${name},\n`,
  );
  increment(tree, SNAPSHOT_LAYOUT, /SNAPSHOT_FORMAT_VERSION = (\d+);/);
}

function changeSpecs(tree: Tree, name: string, event: string): void {
  insertAfter(tree, `${FEATURES}/state-codec.spec.ts`, '\n  watchCount: integer,\n', `  ${name}: integer,\n`);
  const ranking = `${FEATURES}/ranking-features.spec.ts`;
  insertAfter(tree, ranking, '      dayOfWeekCosine: Math.cos(Math.PI / 7),\n', `      ${name}: 0,\n`);
  insertAfter(tree, ranking, '      gender: 2,\n', `      ${name}: 0,\n`);
  const file = snakeCase(name).replaceAll('_', '-');
  tree.write(`${FEATURES}/${file}.spec.ts`, featuresSpec(name, event));
  tree.write(`libs/domain/candidate-model/src/${file}.spec.ts`, realsSpec(name));
}

const featuresSpec = (name: string, event: string) => `import { Event } from '@watchnext/contract';
import { candidateFeatures } from './candidate-features';
import { RANKING_USER_NUMBERS, rankingUserFeatures } from './ranking-features';
import { applyEvent } from './reducer';
import { decodeState, encodeState, newState } from './state-codec';
import { eventIdAt, SOME_TIME_MS, USER_ID } from './testing/event-builders';

const CONTEXT = {
  requestedAtMs: SOME_TIME_MS + 60_000,
  surface: 'home',
  country: '',
  device: '',
  loggedIn: false,
  seedVideoId: '',
};
const eventOfKind = (kind: string, sequence: number): Event => ({
  ...Event.fromJSON({ [kind]: { userId: USER_ID, videoId: 'video-1', playbackId: \`playback-\${sequence}\`, query: 'cats' } }),
  eventId: eventIdAt(SOME_TIME_MS, sequence),
  occurredAtMs: SOME_TIME_MS,
  receivedAtMs: SOME_TIME_MS,
});
/** With so many ${event} events. */
const stateAfter = (count: number) => {
  const state = newState(USER_ID);
  for (let sequence = 0; sequence < count; sequence++) applyEvent(state, eventOfKind('${event}', sequence));
  return state;
};

describe('${name}', () => {
  it('counts ${event} events, each once by its id', () => {
    const state = stateAfter(2);
    applyEvent(state, eventOfKind('${event}', 1));
    expect(state.${name}).toBe(2);
  });

  it('is in the state’s bytes', () => {
    expect(decodeState(encodeState(stateAfter(3))).${name}).toBe(3);
  });

  it('comes with a merged history, however often it is merged, and goes with a deletion', () => {
    const state = stateAfter(1);
    const value = { userId: USER_ID, anonymousUserId: 'anonymous', history: { ...newState('anonymous'), ${name}: 5 } };
    for (const sequence of [100, 101]) applyEvent(state, { ...eventOfKind('userMerged', sequence), body: { $case: 'userMerged', value } });
    expect(state.${name}).toBe(5);
    applyEvent(state, eventOfKind('userDeleted', 102));
    expect(state.${name}).toBe(0);
  });

  it('is what both models see', () => {
    const state = stateAfter(2);
    const { numbers } = rankingUserFeatures(state, CONTEXT);
    expect(numbers[RANKING_USER_NUMBERS.indexOf('${name}')]).toBe(2);
    expect(candidateFeatures(state, CONTEXT).${name}).toBe(2);
  });
});
`;

const realsSpec = (name: string) => `import { realCount, writeReals } from './reals';

const realsOf = (${name}: number) => {
  const config = { exampleAgeKnots: 0 };
  const out = new Float32Array(realCount(config));
  const nobody = { watchedVideoIds: [], searchTokens: [], country: '', device: '', loggedIn: false, ageYears: 0, gender: 0 };
  writeReals({ ...nobody, ${name} }, 0, config, out, 0);
  return [...out];
};

describe('${name} in the candidate model', () => {
  it('is one of its numbers: 0 for none, larger for more, below 1 for any', () => {
    const changing = realsOf(0).findIndex((value, index) => value !== realsOf(4)[index]);
    expect(changing).toBeGreaterThanOrEqual(0);
    const course = [0, 4, 1_000_000].map((count) => realsOf(count)[changing] as number);
    expect(course[0]).toBe(0);
    expect(course[1]).toBeGreaterThan(0);
    expect(course[2]).toBeGreaterThan(course[1] as number);
    expect(course[2]).toBeLessThanOrEqual(1);
  });
});
`;
