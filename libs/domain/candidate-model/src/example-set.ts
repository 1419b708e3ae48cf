/**
 * Training examples as indices, held flat: 4 bytes for each watch in each history, where the examples' strings and
 * objects would take a hundred.
 */
import type { CandidateExample } from '@watchnext/features';
import { shuffle, type Random } from '@watchnext/learning';
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
    const histories = raggedIndices(
      kept.map((example) => example.features.watchedVideoIds),
      vocabularies.videos,
    );
    const tokens = raggedIndices(
      kept.map((example) => example.features.searchTokens),
      vocabularies.searchTokens,
    );
    const realWidth = realCount(config);
    const reals = new Float32Array(rowCount * realWidth);
    kept.forEach((example, row) =>
      writeReals(example.features, exampleAgeShare(example), config, reals, row * realWidth),
    );
    const inputs: CandidateInputs = {
      rowCount,
      historyStarts: histories.starts,
      history: histories.indices,
      ...placesOf(kept, vocabularies, config),
      searchTokenStarts: tokens.starts,
      searchTokens: tokens.indices,
      countries: Int32Array.from(kept, (example) => vocabularies.countries.indexOf(example.features.country)),
      devices: Int32Array.from(kept, (example) => vocabularies.devices.indexOf(example.features.device)),
      reals,
    };
    const labels = Int32Array.from(kept, (example) => vocabularies.videos.indexOf(example.labelVideoId));
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

/** As the histories lie. */
function placesOf(
  examples: readonly CandidateExample[],
  { videos }: CandidateVocabularies,
  config: InputConfig,
): Pick<CandidateInputs, 'historyPlaces'> {
  const lists = examples.flatMap(({ features }) => historyPlacesOf(features, videos, config) ?? []);
  if (lists.length === 0) return {};
  const historyPlaces = new Int32Array(lists.reduce((sum, { length }) => sum + length, 0));
  let count = 0;
  for (const list of lists) {
    historyPlaces.set(list, count);
    count += list.length;
  }
  return { historyPlaces };
}

interface Ragged {
  readonly starts: Int32Array;
  readonly indices: Int32Array;
}

function raggedIndices(lists: readonly (readonly string[])[], vocabulary: { indexOf(id: string): number }): Ragged {
  const starts = new Int32Array(lists.length + 1);
  const indices = new Int32Array(lists.reduce((sum, list) => sum + list.length, 0));
  let count = 0;
  for (const [row, list] of lists.entries()) {
    const known = knownIndices(list, vocabulary);
    indices.set(known, count);
    count += known.length;
    starts[row + 1] = count;
  }
  return { starts, indices: indices.slice(0, count) };
}

function selectRagged(starts: Int32Array, indices: Int32Array, rows: Int32Array): Ragged {
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
