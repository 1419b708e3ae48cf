/** Tiny models and batches that engines are held to numbers on: small enough for finite differences of every weight. */
import {
  hasHeads,
  inputLayout,
  type CandidateBatch,
  type CandidateEngineSetup,
  type CandidateInputs,
  type CandidateTables,
  type HistoryEncoder,
} from '@watchnext/candidate-model';
import { createRandom, createTable, initialiseStack } from '@watchnext/learning';

export const TABLE_NAMES = [
  'watched',
  'positions',
  'queries',
  'searchTokens',
  'countries',
  'devices',
  'output',
] as const;
const ENCODERS: HistoryEncoder[] = ['mean', 'mean-and-last', 'position-heads', 'query-heads', 'time-heads'];
export const VIDEOS = 7;
export const AGE_KNOTS = 2;
/** Of the profile and the example age. */
const REALS = 5 + AGE_KNOTS;

interface TinyForm {
  readonly tied: boolean;
  readonly inputDropout: number;
  readonly hiddenDropout: number;
  readonly temperature?: number;
  readonly tableDecay?: number;
  readonly interests?: number;
}
const PLAIN: TinyForm = { tied: false, inputDropout: 0, hiddenDropout: 0 };
export const FORMS: [string, HistoryEncoder, TinyForm][] = [
  ...ENCODERS.map((encoder): [string, HistoryEncoder, TinyForm] => [encoder, encoder, PLAIN]),
  ['mean-and-last, tied tables', 'mean-and-last', { ...PLAIN, tied: true }],
  ['query-heads, tied tables, dropout', 'query-heads', { tied: true, inputDropout: 0.3, hiddenDropout: 0.4 }],
  ['time-heads, tied tables, dropout', 'time-heads', { tied: true, inputDropout: 0.3, hiddenDropout: 0.4 }],
  ['mean with a temperature', 'mean', { ...PLAIN, temperature: 0.4 }],
  [
    'query-heads, tied tables, dropout, with a temperature',
    'query-heads',
    { tied: true, inputDropout: 0.3, hiddenDropout: 0.4, temperature: 0.5 },
  ],
  ['mean-and-last with three interests', 'mean-and-last', { ...PLAIN, interests: 3 }],
  [
    'position-heads, tied tables, dropout, with a temperature and two interests',
    'position-heads',
    { tied: true, inputDropout: 0.3, hiddenDropout: 0.4, temperature: 0.5, interests: 2 },
  ],
];

export function tinySetup(encoder: HistoryEncoder, change: Partial<TinyForm> = {}): CandidateEngineSetup {
  const { tied, ...rest }: TinyForm = { ...PLAIN, ...change };
  // A seed for which no ReLU bends within a step of the finite differences.
  const random = createRandom(5);
  const watched = createTable(VIDEOS + 1, 3, random, 0.7);
  const tables: CandidateTables = {
    watched,
    searchTokens: createTable(5, 2, random, 0.7),
    countries: createTable(3, 2, random, 0.7),
    devices: createTable(3, 1, random, 0.7),
    // Three places, one less than the longest history has watches.
    positions: hasHeads(encoder) ? createTable(4, 2, random, 0.7) : createTable(1, 1, random, 0),
    queries: encoder === 'query-heads' ? createTable(3, 3, random, 0.7) : createTable(1, 1, random, 0),
    output: tied ? watched : createTable(VIDEOS + 1, 3, random, 0.7),
  };
  const layout = inputLayout(tables, { historyEncoder: encoder, exampleAgeKnots: AGE_KNOTS });
  const tower = initialiseStack([layout.inputSize, 6, 5, 3 * (rest.interests ?? 1)], random);
  for (const { bias } of tower) bias.forEach((_, j) => (bias[j] = 0.3 * random.gaussian()));
  const rates = { denseLearningRate: 0.01, tableLearningRate: 0.1 };
  return { layout, tables, tower, batchSize: 4, negativeCount: 5, ...rates, ...rest };
}

interface RowOfIndices {
  readonly history: number[];
  readonly tokens?: number[];
  readonly country?: number;
  readonly device?: number;
}

export function inputsOf(rows: readonly RowOfIndices[], real: (row: number, i: number) => number): CandidateInputs {
  const starts = (lists: number[][]) => Int32Array.from([[], ...lists], (_, i) => lists.slice(0, i).flat().length);
  const histories = rows.map((row) => row.history);
  const tokens = rows.map((row) => row.tokens ?? []);
  return {
    rowCount: rows.length,
    historyStarts: starts(histories),
    history: Int32Array.from(histories.flat()),
    searchTokenStarts: starts(tokens),
    searchTokens: Int32Array.from(tokens.flat()),
    countries: Int32Array.from(rows, (row) => row.country ?? 0),
    devices: Int32Array.from(rows, (row) => row.device ?? 0),
    reals: Float32Array.from({ length: rows.length * REALS }, (_, i) => real(Math.floor(i / REALS), i % REALS)),
  };
}

const waves = (row: number, i: number) => 0.5 + 0.5 * Math.sin(3 * row + 2 * i);

/** Repeats in a history, an empty history, ids unknown, repeated negatives, and negatives that are some row's label. */
export const FULL_BATCH: CandidateBatch = {
  inputs: inputsOf(
    [
      { history: [1, 2, 2, 5], tokens: [1, 3], country: 1, device: 2 },
      { history: [], tokens: [2], country: 2 },
      { history: [7], device: 1 },
      { history: [3, 1, 4], tokens: [4, 1, 2], country: 1 },
    ],
    waves,
  ),
  labels: Int32Array.of(3, 1, 3, 6),
  negatives: Int32Array.of(1, 4, 4, 3, 2),
  negativeLogExpectedCounts: Float32Array.from([0.9, 1.4, 1.4, 0.3, 0.6], Math.log),
  dropoutSeed: 4_000_000_001,
};

/** Fewer rows and negatives than the engine has room for, and none of them a label. */
export const SMALL_BATCH: CandidateBatch = {
  inputs: inputsOf(
    [
      { history: [4, 6], tokens: [1] },
      { history: [2], country: 2, device: 2 },
    ],
    waves,
  ),
  labels: Int32Array.of(5, 3),
  negatives: Int32Array.of(1, 7, 2),
  negativeLogExpectedCounts: Float32Array.from([0.5, 0.25, 1.1], Math.log),
  dropoutSeed: 17,
};

/** With a place for each watch, of the three that there are: repeats, and none in order. */
export function batchFor(encoder: HistoryEncoder, batch: CandidateBatch): CandidateBatch {
  if (encoder !== 'time-heads') return batch;
  const historyPlaces = batch.inputs.history.map((video, i) => 1 + ((5 * video + i) % 3));
  return { ...batch, inputs: { ...batch.inputs, historyPlaces } };
}
