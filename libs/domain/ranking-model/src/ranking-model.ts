import {
  RANKING_STATISTICS_NUMBERS,
  statisticsNumbers,
  type RankingUserFeatures,
  type RankingVideoFeatures,
  type Statistics,
} from '@watchnext/features';
import type { DenseStack, IdList, Vocabulary } from '@watchnext/learning';
import { calibrate, type Calibration } from './calibration';
import { crossBucketsOf, type RankingCross, type RankingModelConfig } from './config';
import { crossRow, type CrossIds } from './crosses';
import {
  ALL_NUMBERS,
  formOf,
  layOut,
  POSITION,
  SERVED_POSITION,
  USER_NUMBERS,
  userEmbeddings,
  VIDEO_NUMBERS,
  writeNumber,
  type InputGroup,
  type InputLayout,
} from './input-layout';
import { checkFit, type ModelIngredients } from './ingredients';
import { modelFromParts, partsOfModel, type ModelParts } from './model-parts';

/** The user's columns of the input row, the same for every candidate of a request. */
export interface EncodedUser {
  readonly columns: Float32Array;
  readonly surface: string;
  readonly country: string;
}

/** A raw feature as it came, for explanations: a number (NaN where missing) or an id. */
export interface RawFeature {
  readonly name: string;
  readonly number?: number;
  readonly text?: string;
}

/** What the tower's logits of one row say. */
export interface RankingScore {
  /** Of the watch time. */
  readonly logit: number;
  /**
   * exp(logit), calibrated: the odds that the objective trains, in seconds, at most the longest watch that training counted.
   * Under the objective "click" these are odds of a click, not seconds.
   */
  readonly expectedWatchSeconds: number;
  /** NaN without a click head. */
  readonly clickProbability: number;
}

/**
 * Ranks by expected watch time: turns features into rows for the tower, and the tower's logit into seconds.
 *
 * @example
 * const user = model.encodeUser(userFeatures);
 * const rows = new Float32Array(candidates.length * model.inputSize);
 * candidates.forEach((c, i) => model.writeInput(user, c.features, statistics, rows, i * model.inputSize));
 * const logits = await tower.run(rows, candidates.length); // `tower`: an OnnxStack of `model.tower`
 * const seconds = candidates.map((_, i) => model.scoreOf(logits, i).expectedWatchSeconds);
 */
export class RankingModel {
  readonly config: RankingModelConfig;
  /** [inputSize] to `headCount` logits: the watch time's, and with a click head the click's. */
  readonly tower: DenseStack;
  /** Values of an input row. */
  readonly inputSize: number;
  /** Columns before this one are the user's, the same for every candidate of a request. */
  readonly userSize: number;
  /** The columns of each feature; every column is in one group. */
  readonly inputGroups: readonly InputGroup[];
  readonly calibration: Calibration;
  private readonly layout: InputLayout;
  /** Of each table, the row of an id. */
  private readonly tableRows: readonly ((id: string) => number)[];
  /** Where the known ids of a mean lie in their table; longer than the last mean's, to be used again. */
  private readonly knownRows: number[] = [];
  /** Of the row that is being written. */
  private readonly statisticsNumbers = new Float64Array(RANKING_STATISTICS_NUMBERS.length);

  /** @throws Error if the ingredients do not fit each other */
  constructor(private readonly ingredients: ModelIngredients) {
    const { config, tables, quantiles, tower } = ingredients;
    this.layout = layOut(
      tables.map((table) => table.dimensions),
      quantiles,
      formOf(config),
    );
    this.config = config;
    this.calibration = ingredients.calibration;
    this.tower = tower;
    this.inputSize = this.layout.inputSize;
    this.userSize = this.layout.userSize;
    this.inputGroups = this.layout.groups;
    checkFit(ingredients, this.inputSize);
    this.tableRows = ingredients.vocabularies.map(rowsOf);
  }

  /** Columns of a row that are the candidate's. */
  get videoSize(): number {
    return this.inputSize - this.userSize;
  }

  /** Whether `encodeUser` reads what the user searched for. */
  get looksAtSearches(): boolean {
    return this.config.searches !== undefined;
  }

  /** Does the user's part of the work, once a request. */
  encodeUser(user: RankingUserFeatures): EncodedUser {
    const columns = new Float32Array(this.layout.userSize);
    const ids = [user.lastWatchedVideoId, user.seedVideoId, user.surface, user.country, user.device];
    ids.forEach((id, input) => this.writeEmbedding(input, id, columns, 0));
    userEmbeddings(this.config).forEach(({ name }, input) => {
      if (name === 'searches') this.writeMeanEmbedding(input, user.searches.tokens, columns, 0);
      if (name === 'lastSearch') this.writeMeanEmbedding(input, user.searches.last, columns, 0);
    });
    this.writeNumbers(user.numbers, 0, columns, 0);
    if (this.layout.crosses.length > 0) {
      this.writeCross('user-surface', { userId: user.userId, surface: user.surface, channelId: '' }, columns, 0);
    }
    return { columns, surface: user.surface, country: user.country };
  }

  /**
   * Writes the row of one candidate to out[offset … offset + inputSize). Allocates next to nothing.
   *
   * @param position where it was shown, to ask what the model expected there; what is served leaves it out
   */
  writeInput(
    user: EncodedUser,
    video: RankingVideoFeatures,
    statistics: Statistics,
    out: Float32Array,
    offset: number,
    position = SERVED_POSITION,
  ): void {
    out.set(user.columns, offset);
    this.writeVideo(user, video, statistics, out, offset + this.userSize, position);
  }

  /** Writes the candidate's columns alone, to out[offset … offset + videoSize). */
  writeVideo(
    user: EncodedUser,
    video: RankingVideoFeatures,
    statistics: Statistics,
    out: Float32Array,
    videoOffset: number,
    position = SERVED_POSITION,
  ): void {
    const offset = videoOffset - this.userSize;
    const first = this.layout.userEmbeddingCount;
    this.writeEmbedding(first, video.videoId, out, offset);
    this.writeEmbedding(first + 1, video.channelId, out, offset);
    this.writeMeanEmbedding(first + 2, video.topics, out, offset);
    this.writeEmbedding(first + 3, video.source, out, offset);
    this.writeNumbers(video.numbers, USER_NUMBERS.length, out, offset);
    const shared = statisticsNumbers(statistics, user, video, this.statisticsNumbers);
    this.writeNumbers(shared, USER_NUMBERS.length + video.numbers.length, out, offset);
    this.writeNumber(position, ALL_NUMBERS.length - 1, out, offset);
    if (this.layout.crosses.length > 0) {
      const ids = { userId: '', surface: user.surface, channelId: video.channelId };
      this.writeCross('surface-channel', ids, out, offset);
    }
  }

  /** Logits that the tower gives for a row. */
  get headCount(): number {
    return this.tower[this.tower.length - 1].outputSize;
  }

  /** Reads one row's scores. @param logits [rows, headCount], what the tower gave */
  scoreOf(logits: ArrayLike<number>, row: number): RankingScore {
    const { headCount, config, calibration } = this;
    const logit = logits[row * headCount];
    return {
      logit,
      expectedWatchSeconds: Math.min(Math.exp(calibrate(calibration, logit)), config.watchCapSeconds),
      clickProbability: headCount > 1 ? 1 / (1 + Math.exp(-logits[row * headCount + 1])) : NaN,
    };
  }

  /** The features by name, before vocabularies and normalisation, in the order of the columns. */
  rawFeatures(user: RankingUserFeatures, video: RankingVideoFeatures, statistics: Statistics): RawFeature[] {
    const numbers = [...video.numbers, ...statisticsNumbers(statistics, user, video)];
    return [
      { name: 'lastWatchedVideo', text: user.lastWatchedVideoId },
      { name: 'seedVideo', text: user.seedVideoId },
      { name: 'surface', text: user.surface },
      { name: 'country', text: user.country },
      { name: 'device', text: user.device },
      ...userEmbeddings(this.config).flatMap(({ name }) =>
        name === 'searches'
          ? [{ name, text: user.searches.tokens.join(', ') }]
          : name === 'lastSearch'
            ? [{ name, text: user.searches.last.join(', ') }]
            : [],
      ),
      ...USER_NUMBERS.map((name, i) => ({ name, number: user.numbers[i] })),
      ...this.rawCross('user-surface', user.userId, user.surface),
      { name: 'video', text: video.videoId },
      { name: 'channel', text: video.channelId },
      { name: 'topics', text: video.topics.join(', ') },
      { name: 'source', text: video.source },
      ...VIDEO_NUMBERS.map((name, i) => ({ name, number: numbers[i] })),
      ...this.rawCross('surface-channel', video.channelId, user.surface),
      { name: POSITION, number: SERVED_POSITION },
    ];
  }

  /** Everything that `fromParts` needs to make the same model, bit for bit. */
  toParts(): ModelParts {
    return partsOfModel(this.ingredients);
  }

  /**
   * @param parts ids as lists or packed; tables on shared memory are used as they are, others copied
   * @throws Error if something is missing, of the wrong shape, or made for other features than this program's
   */
  static fromParts(parts: ModelParts<IdList>): RankingModel {
    return new RankingModel(modelFromParts(parts));
  }

  /** The id's row; zeros for one that is not known. */
  private writeEmbedding(input: number, id: string, out: Float32Array, offset: number): void {
    const { table, from } = this.layout.embeddings[input];
    const { dimensions, values } = this.ingredients.tables[table];
    const row = this.tableRows[table](id) * dimensions;
    const to = offset + from;
    if (row === 0) out.fill(0, to, to + dimensions);
    // Plus zero as in a sum: −0 has other bits than 0.
    else for (let d = 0; d < dimensions; d++) out[to + d] = values[row + d] + 0;
  }

  /** The mean of the known ids' rows; zeros where none is known. */
  private writeMeanEmbedding(input: number, ids: readonly string[], out: Float32Array, offset: number): void {
    const { table, from } = this.layout.embeddings[input];
    const { dimensions, values } = this.ingredients.tables[table];
    const rowOf = this.tableRows[table];
    const { knownRows } = this;
    let count = 0;
    for (const id of ids) {
      const row = rowOf(id);
      if (row > 0) knownRows[count++] = row * dimensions;
    }
    const to = offset + from;
    out.fill(0, to, to + dimensions);
    for (let i = 0; i < count; i++) {
      for (let d = 0; d < dimensions; d++) out[to + d] += values[knownRows[i] + d] / count;
    }
  }

  /** Nothing where the model has no such pair. */
  private writeCross(name: RankingCross, ids: CrossIds, out: Float32Array, offset: number): void {
    const { crosses } = this.ingredients;
    for (const { cross, from } of this.layout.crosses) {
      if (cross !== name || crosses === undefined) continue;
      const row = crossRow(cross, ids, crossBucketsOf(this.config)) * crosses.dimensions;
      for (let head = 0; head < crosses.dimensions; head++) {
        out[offset + from + head] = crosses.values[row + head] + 0;
      }
    }
  }

  private rawCross(name: RankingCross, id: string, surface: string): RawFeature[] {
    return this.layout.crosses.flatMap(({ cross }) => (cross === name ? [{ name, text: `${id} on ${surface}` }] : []));
  }

  private writeNumbers(numbers: Float64Array, first: number, out: Float32Array, offset: number): void {
    for (let i = 0; i < numbers.length; i++) this.writeNumber(numbers[i], first + i, out, offset);
  }

  private writeNumber(value: number, number: number, out: Float32Array, offset: number): void {
    const quantiles = this.ingredients.quantiles[number];
    writeNumber(this.layout, number, quantiles.positionOf(value), quantiles, out, offset);
  }
}

/** A vocabulary of at most so many ids is asked for the same ones again and again: what it says of them is kept. */
const SMALL_VOCABULARY = 10_000;

function rowsOf(vocabulary: Vocabulary): (id: string) => number {
  if (vocabulary.size > SMALL_VOCABULARY) return (id) => vocabulary.indexOf(id);
  const rows = new Map<string, number>();
  return (id) => {
    const known = rows.get(id);
    if (known !== undefined) return known;
    const row = vocabulary.indexOf(id);
    // No more than the vocabulary has: ids that are not in it are not kept.
    if (row > 0) rows.set(id, row);
    return row;
  };
}
