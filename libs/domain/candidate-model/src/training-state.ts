/**
 * A training's state between two steps, as named tensors: tables, tower, optimizers, the best epoch so far, and the
 * position. Order of examples, negatives and dropout are functions of the seed and the step, so a training that goes on
 * draws them anew up to its position instead of keeping the state of its random streams.
 */
import type { DenseStack, NamedTensor, NamedTensors } from '@watchnext/learning';
import type { CandidateOptimizerState, CandidateTables } from './engine';
import type { ExampleSet } from './example-set';

/** Where states of trainings are kept while they are not done. */
export interface TrainingCheckpoints {
  /** What was last saved under the key, or undefined. */
  load(key: string): Promise<NamedTensors | undefined>;
  save(key: string, state: NamedTensors): Promise<void>;
  /** What was loaded under the key is of no use, for this reason: the training starts anew. */
  discard(key: string, reason: Error): Promise<void>;
}

export interface Weights {
  readonly tables: CandidateTables;
  readonly tower: DenseStack;
}

export interface TrainingState extends Weights {
  readonly optimizers: CandidateOptimizerState;
  /** Steps done, over all epochs. */
  readonly step: number;
  /** Of the epochs that were validated. */
  readonly recalls: readonly number[];
  /** The weights after the epoch with the best of these. */
  readonly best: Weights | undefined;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export function packState({ step, recalls, best, optimizers, ...weights }: TrainingState): NamedTensors {
  const tensors = new Map<string, NamedTensor>();
  const add = (name: string, data: NamedTensor['data']) => tensors.set(name, { shape: [data.length], data });
  add('position', Int32Array.of(step, optimizers.stepCount));
  add('recalls', Float64Array.from(recalls));
  for (const [name, data] of weightArrays(weights)) add(name, data);
  for (const [name, data] of best ? weightArrays(best) : []) add(`best.${name}`, data);
  for (const [name, data] of optimizerArrays(optimizers)) add(`optimizers.${name}`, data);
  return tensors;
}

/**
 * Fills arrays of the right sizes with what `packState` made of others.
 * @param into tables and tower are overwritten; best and optimizers, too
 * @throws Error when a tensor is missing or has another size, and nothing was overwritten: the state belongs to another training
 */
export function unpackState(
  tensors: NamedTensors,
  into: Weights & { optimizers: CandidateOptimizerState; best: Weights },
): TrainingState {
  const position = new Int32Array(2);
  const recalls = [...(tensors.get('recalls')?.data ?? [])];
  const named = (prefix: string, arrays: [string, NamedTensor['data']][]) =>
    arrays.map(([name, array]): [string, NamedTensor['data']] => [`${prefix}${name}`, array]);
  const targets: [string, NamedTensor['data']][] = [
    ['position', position],
    ...weightArrays(into),
    ...named('optimizers.', optimizerArrays(into.optimizers)),
    ...(recalls.length > 0 ? named('best.', weightArrays(into.best)) : []),
  ];
  for (const [name, target] of targets) {
    const data = tensors.get(name)?.data;
    if (data?.constructor !== target.constructor || data.length !== target.length) {
      throw new Error(`the state of the training does not fit: "${name}"`);
    }
  }
  for (const [name, target] of targets) target.set(tensors.get(name)!.data as never);
  const [step, stepCount] = position;
  const best = recalls.length > 0 ? into.best : undefined;
  const optimizers: Mutable<CandidateOptimizerState> = { ...into.optimizers, stepCount };
  return { tables: into.tables, tower: into.tower, optimizers, step, recalls, best };
}

/** Optimizers that have not made a step. */
export function newOptimizerState({ tables, tower }: Weights): CandidateOptimizerState {
  const zeros = () =>
    tower.flatMap(({ weights, bias }) => [weights, bias]).map(({ length }) => new Float32Array(length));
  const accumulators = Object.fromEntries(
    Object.entries(tables).map(([name, { rowCount }]) => [name, new Float32Array(rowCount)]),
  ) as Mutable<CandidateOptimizerState['accumulators']>;
  if (tables.output === tables.watched) accumulators.output = accumulators.watched;
  return { stepCount: 0, accumulators, firstMoments: zeros(), secondMoments: zeros() };
}

/**
 * The same for the same settings and examples, and, but for a chance of 2^-64, only for these.
 * @param settings anything else that the training depends on
 */
export function trainingKey(settings: unknown, examples: ExampleSet): string {
  const { inputs, labels } = examples;
  const { historyStarts, history, searchTokenStarts, searchTokens, countries, devices, reals } = inputs;
  const bytes = [historyStarts, history, searchTokenStarts, searchTokens, countries, devices, reals, labels];
  let [high, low] = [0x811c9dc5, 0x9e3779b9];
  const mix = (word: number) => {
    high = Math.imul(high ^ word, 0x01000193);
    low = Math.imul(low ^ (word + (high >>> 13)), 0x85ebca6b);
  };
  for (const character of JSON.stringify(settings)) mix(character.charCodeAt(0));
  for (const array of bytes) {
    const words = new Int32Array(array.buffer, array.byteOffset, array.length);
    mix(words.length);
    for (let i = 0; i < words.length; i++) mix(words[i]);
  }
  return [high, low].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

function weightArrays({ tables, tower }: Weights): [string, Float32Array][] {
  const { output, ...others } = tables;
  const separate = output === tables.watched ? others : tables;
  return [
    ...Object.entries(separate).map(([name, { values }]): [string, Float32Array] => [`tables.${name}`, values]),
    ...tower.flatMap(({ weights, bias }, i): [string, Float32Array][] => [
      [`tower.${i}.weights`, weights],
      [`tower.${i}.bias`, bias],
    ]),
  ];
}

function optimizerArrays({
  accumulators,
  firstMoments,
  secondMoments,
}: CandidateOptimizerState): [string, Float32Array][] {
  return [
    ...Object.entries(accumulators).map(([name, array]): [string, Float32Array] => [`accumulators.${name}`, array]),
    ...firstMoments.map((array, i): [string, Float32Array] => [`first.${i}`, array]),
    ...secondMoments.map((array, i): [string, Float32Array] => [`second.${i}`, array]),
  ];
}
