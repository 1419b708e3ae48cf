/**
 * Begins a training where an earlier model ended: rows of ids that both know are copied, whatever their place, new ids keep
 * the values that they were initialised with, and ids that are gone are left behind. The tower is copied where it takes
 * the same inputs and has the same layers, else it begins anew.
 *
 * The knots of the example age are shares of the training window, and the windows differ: daily training makes it a day longer
 * each time. What the first layer gives is linear between two knots, so the weights of a new knot are read off the earlier ones at
 * the age where it lies; beyond the earlier window they are those of its end, as the earlier model would have it.
 */
import type { DenseLayer, DenseStack, NamedTensors, Vocabulary } from '@watchnext/learning';
import type { CandidateTables } from './engine';
import { inputLayout, type InputConfig } from './input';
import type { CandidateModel } from './model';
import { FIRST_KNOT } from './reals';
import type { CandidateVocabularies } from './vocabularies';

export interface WarmStartReport {
  /** Of the videos of the new model, those that the earlier one had a row for. */
  readonly copiedVideos: number;
  readonly newVideos: number;
  /** Of all tables and heads; 0 where dimensions differ: then nothing but the tower can have been taken. */
  readonly copiedRows: number;
  readonly towerCopied: boolean;
}

/**
 * Overwrites what `from` knows in tables and tower; tables of other dimensions are left as they are.
 * @param windowDays of the new training
 */
export function warmStart(
  from: CandidateModel,
  vocabularies: CandidateVocabularies,
  config: InputConfig,
  {
    tables,
    tower,
    windowDays,
  }: { readonly tables: CandidateTables; readonly tower: DenseStack; readonly windowDays: number },
): WarmStartReport {
  const { metadata, tensors } = from.toParts();
  let copiedRows = 0;
  const rows = (table: keyof CandidateTables, vocabulary: Vocabulary, ids: readonly string[], tensor: string) => {
    const copied = copyRows(tables[table], vocabulary, ids, valuesOf(tensors, tensor));
    copiedRows += copied;
    return copied;
  };
  const copiedVideos = rows('watched', vocabularies.videos, metadata.videoIds, 'watched_videos');
  if (tables.output !== tables.watched) {
    // Without the zero row of what is out of vocabulary.
    const values = valuesOf(tensors, 'video_vectors');
    copiedRows += copyRows(tables.output, vocabularies.videos, metadata.videoIds, values, 0);
  }
  rows('searchTokens', vocabularies.searchTokens, metadata.searchTokens, 'search_tokens');
  rows('countries', vocabularies.countries, metadata.countries, 'countries');
  rows('devices', vocabularies.devices, metadata.devices, 'devices');
  for (const [table, name] of [
    ['positions', 'history_positions'],
    ['queries', 'history_queries'],
  ] as const) {
    const values = valuesOf(tensors, name);
    if (values.length === 0 || values.length !== tables[table].values.length) continue;
    tables[table].values.set(values);
    copiedRows += tables[table].rowCount;
  }
  const towerCopied = isSameTower(from, tables, config, tower);
  if (towerCopied) {
    tower.forEach(({ weights, bias }, i) => {
      weights.set(from.tower[i].weights);
      bias.set(from.tower[i].bias);
    });
    moveKnots(from, tower[0], windowDays);
  }
  return { copiedVideos, newVideos: vocabularies.videos.size - copiedVideos, copiedRows, towerCopied };
}

/** Overwrites the weights of the knots with what the earlier ones say of the same ages. */
function moveKnots({ ages, config, layout, tower }: CandidateModel, into: DenseLayer, windowDays: number): void {
  const { exampleAgeKnots: knotCount } = config;
  if (knotCount < 2 || windowDays === ages.days) return;
  const { weights, outputSize } = tower[0];
  const first = layout.reals.from + FIRST_KNOT;
  for (let knot = 0; knot < knotCount; knot++) {
    const at = Math.min((knot * windowDays) / ages.days, knotCount - 1);
    const below = Math.min(Math.floor(at), knotCount - 2);
    const share = at - below;
    for (let unit = 0; unit < outputSize; unit++) {
      const [low, high] = [below, below + 1].map((earlier) => weights[(first + earlier) * outputSize + unit]);
      into.weights[(first + knot) * outputSize + unit] = (1 - share) * low + share * high;
    }
  }
}

const NOTHING = new Float32Array(0);
const valuesOf = (tensors: NamedTensors, name: string) =>
  (tensors.get(name)?.data as Float32Array | undefined) ?? NOTHING;

/** @param firstRow of `values` that belongs to an id: 1 after the zero row. @returns how many rows were copied */
function copyRows(
  { values: into, dimensions }: CandidateTables['watched'],
  vocabulary: Vocabulary,
  ids: readonly string[],
  values: Float32Array,
  firstRow = 1,
): number {
  if (values.length !== (ids.length + firstRow) * dimensions) return 0;
  let copied = 0;
  ids.forEach((id, i) => {
    const row = vocabulary.indexOf(id);
    if (row === 0) return;
    const start = (i + firstRow) * dimensions;
    into.set(values.subarray(start, start + dimensions), row * dimensions);
    copied++;
  });
  return copied;
}

function isSameTower(from: CandidateModel, tables: CandidateTables, config: InputConfig, tower: DenseStack): boolean {
  const layout = inputLayout(tables, config);
  return (
    JSON.stringify(layout) === JSON.stringify(from.layout) &&
    from.config.exampleAgeKnots === config.exampleAgeKnots &&
    from.tower.length === tower.length &&
    tower.every(
      (layer, i) => layer.inputSize === from.tower[i].inputSize && layer.outputSize === from.tower[i].outputSize,
    )
  );
}
