/** What trainings that can be stopped and gone on with have in common. */
import type { NamedTensor, NamedTensors } from './types';

/** Where states of trainings are kept while they are not done. */
export interface TrainingCheckpoints {
  /** What computes the steps, in words: a state is gone on with by the same engine only, as another rounds differently. */
  readonly engine: string;
  /** What was last saved under the key, or undefined. */
  load(key: string): Promise<NamedTensors | undefined>;
  save(key: string, state: NamedTensors): Promise<void>;
  /** What was loaded under the key is of no use, for this reason: the training starts anew. */
  discard(key: string, reason: Error): Promise<void>;
}

export type NamedArray = readonly [name: string, data: NamedTensor['data']];

export function tensorsOf(arrays: Iterable<NamedArray>): NamedTensors {
  return new Map([...arrays].map(([name, data]) => [name, { shape: [data.length], data }]));
}

/**
 * Overwrites arrays with the tensors of their names.
 * @throws Error when a tensor is missing or has another size, and nothing was overwritten: the state belongs to another training
 */
export function overwriteFrom(tensors: NamedTensors, targets: readonly NamedArray[]): void {
  for (const [name, target] of targets) {
    const data = tensors.get(name)?.data;
    if (data?.constructor !== target.constructor || data.length !== target.length) {
      throw new Error(`the state of the training does not fit: "${name}"`);
    }
  }
  for (const [name, target] of targets) target.set(tensors.get(name)!.data as never);
}

/**
 * Raised with every change of what a training computes from the same settings and examples, or of what its state holds: a version
 * does not go on with what the one before it left.
 */
const TRAINING_FORMAT = 1;

/**
 * 64 bits in hexadecimal: the same for the same engine, settings and examples, and, but for a chance of 2^-64, only for these.
 * @param settings anything else that the training depends on: what JSON tells apart
 */
export function trainingKey(
  { engine }: Pick<TrainingCheckpoints, 'engine'>,
  settings: unknown,
  examples: readonly (Float32Array | Int32Array)[],
): string {
  let [high, low] = [0x811c9dc5, 0x9e3779b9];
  const mix = (word: number) => {
    high = Math.imul(high ^ word, 0x01000193);
    low = Math.imul(low ^ (word + (high >>> 13)), 0x85ebca6b);
  };
  for (const character of JSON.stringify([TRAINING_FORMAT, engine, settings])) mix(character.codePointAt(0)!);
  for (const array of examples) {
    const words = new Int32Array(array.buffer, array.byteOffset, array.length);
    mix(words.length);
    for (let i = 0; i < words.length; i++) mix(words[i]);
  }
  return [high, low].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}
