/**
 * From indices to the tower's input row, and back from its gradient to the tables. One implementation for training,
 * evaluation and serving, so that the same features give the same bits in each.
 *
 * A row is [mean of watched | heads | last watched | mean of search tokens | country | device | reals]. Groups that the
 * encoder does not use, or whose vocabulary is empty, are left out. Ids out of vocabulary are the zero vector and are not
 * counted in a mean: with new uploads in every history, counting them would shrink the means at serving below what
 * training saw.
 *
 * Sums are rounded to float32 at each addition, in the order of the ids, as a SIMD kernel would do it.
 */
import type { CandidateFeatures } from '@watchnext/features';
import type { EmbeddingTable, RowwiseAdagrad } from '@watchnext/learning';
import { hasHeads, needsWatchTimes, type CandidateModelConfig } from './config';
import type { CandidateInputTables } from './engine';
import { HistoryHeads } from './history-heads';
import { realCount, writeReals } from './reals';
import type { CandidateVocabularies } from './vocabularies';
import { timeBuckets } from './watch-times';

/** Where each group of inputs begins in a row; a group of width 0 is absent. */
export interface InputLayout {
  readonly inputSize: number;
  readonly historyMean: InputGroup;
  /** [heads, dimensions] */
  readonly historyHeads: InputGroup;
  readonly historyLast: InputGroup;
  readonly searchTokens: InputGroup;
  readonly country: InputGroup;
  readonly device: InputGroup;
  readonly reals: InputGroup;
}

export interface InputGroup {
  readonly from: number;
  readonly width: number;
}

/** Rows of indices. Histories and token sets are ragged: those of row i lie from starts[i] to starts[i + 1]. */
export interface CandidateInputs {
  readonly rowCount: number;
  /** [rowCount + 1] */
  readonly historyStarts: Int32Array;
  /** Rows of the watched table, oldest first, none 0. */
  readonly history: Int32Array;
  /** Of each of them the row of the table of positions, none 0; absent: by its position, counted from the last. */
  readonly historyPlaces?: Int32Array;
  /** [rowCount + 1] */
  readonly searchTokenStarts: Int32Array;
  /** None 0. */
  readonly searchTokens: Int32Array;
  /** [rowCount], 0 unknown. */
  readonly countries: Int32Array;
  readonly devices: Int32Array;
  /** [rowCount, layout.reals.width] */
  readonly reals: Float32Array;
}

/** What of the settings decides what is in an input row. */
export type InputConfig = Pick<CandidateModelConfig, 'historyEncoder' | 'exampleAgeKnots'>;

export function inputLayout(tables: CandidateInputTables, config: InputConfig): InputLayout {
  const { historyEncoder } = config;
  let inputSize = 0;
  const group = (width: number): InputGroup => {
    const from = inputSize;
    inputSize += width;
    return { from, width };
  };
  const widthOf = (table: EmbeddingTable) => (table.rowCount > 1 ? table.dimensions : 0);
  const { dimensions } = tables.watched;
  const historyMean = group(hasHeads(historyEncoder) ? 0 : dimensions);
  const historyHeads = group(hasHeads(historyEncoder) ? tables.positions.dimensions * dimensions : 0);
  const historyLast = group(historyEncoder === 'mean' ? 0 : dimensions);
  const searchTokens = group(widthOf(tables.searchTokens));
  const country = group(widthOf(tables.countries));
  const device = group(widthOf(tables.devices));
  const reals = group(realCount(config));
  return { historyMean, historyHeads, historyLast, searchTokens, country, device, reals, inputSize };
}

/** The indices of one set of features. */
export function encodeInput(
  features: CandidateFeatures,
  exampleAgeShare: number,
  vocabularies: CandidateVocabularies,
  config: InputConfig,
): CandidateInputs {
  const history = knownIndices(features.watchedVideoIds, vocabularies.videos);
  const searchTokens = knownIndices(features.searchTokens, vocabularies.searchTokens);
  const historyPlaces = historyPlacesOf(features, vocabularies.videos, config);
  const reals = new Float32Array(realCount(config));
  writeReals(features, exampleAgeShare, config, reals, 0);
  return {
    rowCount: 1,
    historyStarts: Int32Array.of(0, history.length),
    history,
    ...(historyPlaces ? { historyPlaces } : {}),
    searchTokenStarts: Int32Array.of(0, searchTokens.length),
    searchTokens,
    countries: Int32Array.of(vocabularies.countries.indexOf(features.country)),
    devices: Int32Array.of(vocabularies.devices.indexOf(features.device)),
    reals,
  };
}

/** Of the watches that `knownIndices` keeps; undefined where the encoder goes by their positions. */
export function historyPlacesOf(
  features: CandidateFeatures,
  vocabulary: { indexOf(id: string): number },
  config: InputConfig,
): Int32Array | undefined {
  if (!needsWatchTimes(config)) return undefined;
  return timeBuckets(features).filter((_, i) => vocabulary.indexOf(features.watchedVideoIds[i]) !== 0);
}

/** Vocabulary indices of `ids` in their order, without those out of vocabulary. */
export function knownIndices(ids: readonly string[], vocabulary: { indexOf(id: string): number }): Int32Array {
  const indices = new Int32Array(ids.length);
  let count = 0;
  for (const id of ids) {
    const index = vocabulary.indexOf(id);
    if (index !== 0) indices[count++] = index;
  }
  return indices.subarray(0, count);
}

/** Writes all rows to `out` from `offset` on: [inputs.rowCount, layout.inputSize]. */
export function assembleInputs(
  layout: InputLayout,
  tables: CandidateInputTables,
  inputs: CandidateInputs,
  out: Float32Array,
  offset = 0,
): void {
  const { historyStarts, history, historyPlaces, searchTokenStarts, searchTokens } = inputs;
  const { width: realWidth } = layout.reals;
  const heads = layout.historyHeads.width > 0 ? new HistoryHeads(tables) : undefined;
  for (let row = 0; row < inputs.rowCount; row++) {
    const to = offset + row * layout.inputSize;
    const historyEnd = historyStarts[row + 1];
    if (layout.historyMean.width > 0) {
      writeMean(tables.watched, history, historyStarts[row], historyEnd, out, to + layout.historyMean.from);
    }
    const ofRow = (list: Int32Array) => list.subarray(historyStarts[row], historyEnd);
    heads?.write(ofRow(history), historyPlaces && ofRow(historyPlaces), out, to + layout.historyHeads.from);
    if (layout.historyLast.width > 0) {
      const last = historyEnd > historyStarts[row] ? history[historyEnd - 1] : 0;
      writeRow(tables.watched, last, out, to + layout.historyLast.from);
    }
    if (layout.searchTokens.width > 0) {
      const at = to + layout.searchTokens.from;
      writeMean(tables.searchTokens, searchTokens, searchTokenStarts[row], searchTokenStarts[row + 1], out, at);
    }
    if (layout.country.width > 0) writeRow(tables.countries, inputs.countries[row], out, to + layout.country.from);
    if (layout.device.width > 0) writeRow(tables.devices, inputs.devices[row], out, to + layout.device.from);
    for (let i = 0; i < realWidth; i++) out[to + layout.reals.from + i] = inputs.reals[row * realWidth + i];
  }
}

/** What takes the gradients of the input tables: RowwiseAdagrad, or a collector in a spec. */
export type GradientSink = Pick<RowwiseAdagrad, 'add'>;
export type InputGradientSinks = {
  readonly [Name in 'watched' | 'positions' | 'queries' | 'searchTokens' | 'countries' | 'devices']: GradientSink;
};

/**
 * The transpose of `assembleInputs`: adds to each table row its part of the input rows' gradient.
 * @param gradients ∂loss/∂input, [inputs.rowCount, layout.inputSize]
 */
export function scatterInputGradients(
  layout: InputLayout,
  tables: CandidateInputTables,
  inputs: CandidateInputs,
  gradients: Float32Array,
  sinks: InputGradientSinks,
): void {
  const { historyStarts, history, historyPlaces, searchTokenStarts, searchTokens } = inputs;
  const heads = layout.historyHeads.width > 0 ? new HistoryHeads(tables) : undefined;
  for (let row = 0; row < inputs.rowCount; row++) {
    const from = row * layout.inputSize;
    const historyEnd = historyStarts[row + 1];
    if (layout.historyMean.width > 0) {
      addMean(sinks.watched, history, historyStarts[row], historyEnd, gradients, from + layout.historyMean.from);
    }
    const ofRow = (list: Int32Array) => list.subarray(historyStarts[row], historyEnd);
    heads?.addGradients(
      ofRow(history),
      historyPlaces && ofRow(historyPlaces),
      gradients,
      from + layout.historyHeads.from,
      sinks,
    );
    if (layout.historyLast.width > 0 && historyEnd > historyStarts[row]) {
      sinks.watched.add(history[historyEnd - 1], gradients, from + layout.historyLast.from, 1);
    }
    if (layout.searchTokens.width > 0) {
      const at = from + layout.searchTokens.from;
      addMean(sinks.searchTokens, searchTokens, searchTokenStarts[row], searchTokenStarts[row + 1], gradients, at);
    }
    if (layout.country.width > 0) sinks.countries.add(inputs.countries[row], gradients, from + layout.country.from, 1);
    if (layout.device.width > 0) sinks.devices.add(inputs.devices[row], gradients, from + layout.device.from, 1);
  }
  heads?.addKeptGradients(sinks);
}

function writeRow({ values, dimensions }: EmbeddingTable, row: number, out: Float32Array, to: number): void {
  const from = row * dimensions;
  for (let d = 0; d < dimensions; d++) out[to + d] = values[from + d];
}

/** The mean of rows indices[start … end), zero when there are none. */
function writeMean(
  table: EmbeddingTable,
  indices: Int32Array,
  start: number,
  end: number,
  out: Float32Array,
  to: number,
): void {
  const { values, dimensions } = table;
  for (let d = 0; d < dimensions; d++) out[to + d] = 0;
  for (let i = start; i < end; i++) {
    const from = indices[i] * dimensions;
    for (let d = 0; d < dimensions; d++) out[to + d] += values[from + d];
  }
  const share = meanShare(end - start);
  for (let d = 0; d < dimensions; d++) out[to + d] *= share;
}

function addMean(
  sink: GradientSink,
  indices: Int32Array,
  start: number,
  end: number,
  gradients: Float32Array,
  from: number,
): void {
  const share = meanShare(end - start);
  for (let i = start; i < end; i++) sink.add(indices[i], gradients, from, share);
}

function meanShare(count: number): number {
  return count === 0 ? 0 : Math.fround(1 / count);
}
