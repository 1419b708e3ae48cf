/**
 * Training examples as indices, held flat: 4 bytes for each watch in each history, where the examples' strings and
 * objects would take a hundred.
 */
import type { CandidateExample } from '@watchnext/features';
import { IndexList, shuffle, type Random } from '@watchnext/learning';
import { needsWatchTimes } from './config';
import type { WatchedSets } from './co-watch-vectors';
import { historyPlacesOf, knownIndices, type CandidateInputs, type InputConfig } from './input';
import { realCount, writeReals } from './reals';
import type { CandidateVocabularies } from './vocabularies';

export class ExampleSet {
  private constructor(
    /** All examples in one, rows in the order given. */
    readonly inputs: CandidateInputs,
    /** Rows of the output table, [inputs.rowCount]. */
    readonly labels: Int32Array,
    /** Rows, user by user. */
    private readonly rowsByUser: Int32Array,
    /** Users' ranges in `rowsByUser`, [userCount + 1]. */
    private readonly userStarts: Int32Array,
    /** Examples left out because their label is not in the vocabulary. */
    readonly droppedCount: number,
  ) {}

  /** All that the examples are, for telling sets apart. */
  arrays(): (Float32Array | Int32Array)[] {
    const { historyStarts, history, searchTokenStarts, searchTokens, countries, devices, reals } = this.inputs;
    const places = this.inputs.historyPlaces ? [this.inputs.historyPlaces] : [];
    return [historyStarts, history, ...places, searchTokenStarts, searchTokens, countries, devices, reals, this.labels];
  }

  /** @param exampleAgeShare age of each example as a share of the training window */
  static encode(
    examples: readonly CandidateExample[],
    vocabularies: CandidateVocabularies,
    exampleAgeShare: (example: CandidateExample) => number,
    config: InputConfig,
  ): ExampleSet {
    const kept = examples.filter((example) => vocabularies.videos.indexOf(example.labelVideoId) !== 0);
    const rowCount = kept.length;
    const [histories, places, tokens] = [new Ragged(rowCount), new Ragged(rowCount), new Ragged(rowCount)];
    const realWidth = realCount(config);
    const reals = new Float32Array(rowCount * realWidth);
    const [labels, countries, devices] = [0, 1, 2].map(() => new Int32Array(rowCount));
    kept.forEach((example, row) => {
      // Asked for once: features may be made anew each time, and no more than those of one example need be there at a time.
      const { features } = example;
      histories.add(row, knownIndices(features.watchedVideoIds, vocabularies.videos));
      places.add(row, historyPlacesOf(features, vocabularies.videos, config) ?? []);
      tokens.add(row, knownIndices(features.searchTokens, vocabularies.searchTokens));
      labels[row] = vocabularies.videos.indexOf(example.labelVideoId);
      countries[row] = vocabularies.countries.indexOf(features.country);
      devices[row] = vocabularies.devices.indexOf(features.device);
      writeReals(features, exampleAgeShare(example), config, reals, row * realWidth);
    });
    const inputs: CandidateInputs = {
      rowCount,
      historyStarts: histories.starts,
      history: histories.indices.take(),
      ...(needsWatchTimes(config) && rowCount > 0 ? { historyPlaces: places.indices.take() } : {}),
      searchTokenStarts: tokens.starts,
      searchTokens: tokens.indices.take(),
      countries,
      devices,
      reals,
    };
    const { rowsByUser, userStarts } = groupByUser(kept);
    return new ExampleSet(inputs, labels, rowsByUser, userStarts, examples.length - rowCount);
  }

  get size(): number {
    return this.inputs.rowCount;
  }

  /** How many rows each epoch has. */
  epochSize(examplesPerUser: number): number {
    let size = 0;
    for (let user = 0; user + 1 < this.userStarts.length; user++) {
      size += Math.min(this.userStarts[user + 1] - this.userStarts[user], examplesPerUser);
    }
    return size;
  }

  /** How many examples of each label an epoch has on average, [videoCount]: by row of the output table less 1. */
  epochLabelCounts(examplesPerUser: number, videoCount: number): Float64Array {
    const counts = new Float64Array(videoCount);
    for (let user = 0; user + 1 < this.userStarts.length; user++) {
      const [start, end] = [this.userStarts[user], this.userStarts[user + 1]];
      const share = Math.min(1, examplesPerUser / (end - start));
      for (let i = start; i < end; i++) counts[this.labels[this.rowsByUser[i]] - 1] += share;
    }
    return counts;
  }

  /** At most `examplesPerUser` rows of each user, drawn without replacement, all shuffled. */
  drawEpoch(examplesPerUser: number, random: Random): Int32Array {
    const rows = new Int32Array(this.epochSize(examplesPerUser));
    let count = 0;
    for (let user = 0; user + 1 < this.userStarts.length; user++) {
      const ofUser = this.rowsByUser.slice(this.userStarts[user], this.userStarts[user + 1]);
      if (ofUser.length > examplesPerUser) shuffle(ofUser, random);
      const chosen = ofUser.subarray(0, examplesPerUser);
      rows.set(chosen, count);
      count += chosen.length;
    }
    shuffle(rows, random);
    return rows;
  }

  /** The distinct videos of each user: labels, and what is in histories. */
  watchedSets(): WatchedSets {
    const { historyStarts, history } = this.inputs;
    const starts = new Int32Array(this.userStarts.length);
    const videos = new IndexList();
    for (let user = 0; user + 1 < starts.length; user++) {
      const ofUser = new Set<number>();
      for (const row of this.rowsByUser.subarray(this.userStarts[user], this.userStarts[user + 1])) {
        for (let i = historyStarts[row]; i < historyStarts[row + 1]; i++) ofUser.add(history[i]);
        ofUser.add(this.labels[row]);
      }
      for (const video of ofUser) videos.push(video);
      starts[user + 1] = videos.length;
    }
    return { starts, videos: videos.take() };
  }

  labelsOf(rows: Int32Array): Int32Array {
    return rows.map((row) => this.labels[row]);
  }

  /** The inputs and labels of some rows. */
  select(rows: Int32Array): { inputs: CandidateInputs; labels: Int32Array } {
    const { inputs } = this;
    const realWidth = inputs.rowCount > 0 ? inputs.reals.length / inputs.rowCount : 0;
    const reals = new Float32Array(rows.length * realWidth);
    rows.forEach((row, i) => reals.set(inputs.reals.subarray(row * realWidth, (row + 1) * realWidth), i * realWidth));
    const histories = selectRagged(inputs.historyStarts, inputs.history, rows);
    const tokens = selectRagged(inputs.searchTokenStarts, inputs.searchTokens, rows);
    return {
      inputs: {
        rowCount: rows.length,
        historyStarts: histories.starts,
        history: histories.indices,
        ...(inputs.historyPlaces
          ? { historyPlaces: selectRagged(inputs.historyStarts, inputs.historyPlaces, rows).indices }
          : {}),
        searchTokenStarts: tokens.starts,
        searchTokens: tokens.indices,
        countries: rows.map((row) => inputs.countries[row]),
        devices: rows.map((row) => inputs.devices[row]),
        reals,
      },
      labels: this.labelsOf(rows),
    };
  }
}

/** Lists of indices, one after the other: those of row i lie from starts[i] to starts[i + 1]. */
class Ragged {
  readonly starts: Int32Array;
  readonly indices = new IndexList();

  constructor(rowCount: number) {
    this.starts = new Int32Array(rowCount + 1);
  }

  /** Rows in their order. */
  add(row: number, indices: ArrayLike<number>): void {
    for (let i = 0; i < indices.length; i++) this.indices.push(indices[i]);
    this.starts[row + 1] = this.indices.length;
  }
}

function selectRagged(
  starts: Int32Array,
  indices: Int32Array,
  rows: Int32Array,
): { readonly starts: Int32Array; readonly indices: Int32Array } {
  const selectedStarts = new Int32Array(rows.length + 1);
  for (let i = 0; i < rows.length; i++)
    selectedStarts[i + 1] = selectedStarts[i] + starts[rows[i] + 1] - starts[rows[i]];
  const selected = new Int32Array(selectedStarts[rows.length]);
  for (let i = 0; i < rows.length; i++)
    selected.set(indices.subarray(starts[rows[i]], starts[rows[i] + 1]), selectedStarts[i]);
  return { starts: selectedStarts, indices: selected };
}

function groupByUser(examples: readonly CandidateExample[]): { rowsByUser: Int32Array; userStarts: Int32Array } {
  const rowsOf = new Map<string, number[]>();
  examples.forEach(({ userId }, row) => {
    const rows = rowsOf.get(userId);
    if (rows) rows.push(row);
    else rowsOf.set(userId, [row]);
  });
  const userStarts = new Int32Array(rowsOf.size + 1);
  const rowsByUser = new Int32Array(examples.length);
  let user = 0;
  for (const rows of rowsOf.values()) {
    rowsByUser.set(rows, userStarts[user]);
    userStarts[user + 1] = userStarts[user] + rows.length;
    user++;
  }
  return { rowsByUser, userStarts };
}
