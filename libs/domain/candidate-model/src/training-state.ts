/**
 * A training's state between two steps, as named tensors: tables, tower, optimizers, the best epoch so far, and the
 * position. Order of examples, negatives and dropout are functions of the seed and the step, so a training that goes on
 * draws them anew up to its position instead of keeping the state of its random streams.
 */
import { type DenseStack, type NamedArray, type NamedTensors, overwriteFrom, tensorsOf } from '@watchnext/learning';
import type { CandidateOptimizerState, CandidateTables } from './engine';

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
  return tensorsOf([
    ['position', Int32Array.of(step, optimizers.stepCount)],
    ['recalls', Float64Array.from(recalls)],
    ...weightArrays(weights),
    ...named('best.', best ? weightArrays(best) : []),
    ...named('optimizers.', optimizerArrays(optimizers)),
  ]);
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
  overwriteFrom(tensors, [
    ['position', position],
    ...weightArrays(into),
    ...named('optimizers.', optimizerArrays(into.optimizers)),
    ...(recalls.length > 0 ? named('best.', weightArrays(into.best)) : []),
  ]);
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

function named(prefix: string, arrays: readonly NamedArray[]): NamedArray[] {
  return arrays.map(([name, array]) => [`${prefix}${name}`, array]);
}

function weightArrays({ tables, tower }: Weights): NamedArray[] {
  const { output, ...others } = tables;
  const separate = output === tables.watched ? others : tables;
  return [
    ...Object.entries(separate).map(([name, { values }]): NamedArray => [`tables.${name}`, values]),
    ...tower.flatMap(({ weights, bias }, i): NamedArray[] => [
      [`tower.${i}.weights`, weights],
      [`tower.${i}.bias`, bias],
    ]),
  ];
}

function optimizerArrays({ accumulators, firstMoments, secondMoments }: CandidateOptimizerState): NamedArray[] {
  return [
    ...Object.entries(accumulators).map(([name, array]): NamedArray => [`accumulators.${name}`, array]),
    ...firstMoments.map((array, i): NamedArray => [`first.${i}`, array]),
    ...secondMoments.map((array, i): NamedArray => [`second.${i}`, array]),
  ];
}
