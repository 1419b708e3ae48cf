/** Ranking examples turned into what batches are cut from: ids as table rows, numbers as positions among quantiles. */
import type { RankingExample } from '@watchnext/features';
import { IndexList, Vocabulary, type Random } from '@watchnext/learning';
import { crossBucketsOf, type RankingModelConfig } from './config';
import { crossRow } from './crosses';
import type { Bags, RankingBatch } from './engine';
import type { NumberColumns } from './example-numbers';
import { headsOf, sumOf, weightsOf } from './heads';
import {
  ALL_NUMBERS,
  tableNames,
  userEmbeddings,
  VIDEO_EMBEDDINGS,
  writeNumber,
  type InputLayout,
} from './input-layout';
import type { Preparation } from './preparation';
import type { QuantileMap } from './quantiles';

/** Embedding inputs whose ids are dropped out: only these have ids that come and go. */
const DROPPED_INPUTS = new Set(['lastWatchedVideo', 'seedVideo', 'video', 'channel']);

/** Of a vocabulary of search tokens, at most: what the paper says of candidate generation is twenty times as many. */
const MOST_SEARCH_TOKENS = 50_000;

/**
 * Vocabularies as `tableNames`. Videos, channels and topics by how often they were clicked (paper §4.1), and tokens of
 * searches by how often something was clicked by who had searched for them; the small spaces by how often they were shown,
 * since a surface where nobody clicks is worth knowing.
 */
export async function buildVocabularies(
  examples: readonly RankingExample[],
  config: RankingModelConfig,
  preparation: Preparation,
): Promise<Vocabulary[]> {
  const names = tableNames(config);
  const counts = new Map(names.map((name) => [name as string, new Map<string, number>()]));
  const count = (name: string, id: string) => {
    const ofName = counts.get(name)!;
    ofName.set(id, (ofName.get(id) ?? 0) + 1);
  };
  await preparation.each(examples, ({ user, video, clicked }) => {
    count('surfaces', user.surface);
    count('countries', user.country);
    count('devices', user.device);
    count('sources', video.source);
    if (!clicked) return;
    count('videos', video.videoId);
    count('channels', video.channelId);
    for (const topic of video.topics) count('topics', topic);
    if (config.searches !== undefined) for (const token of user.searches.tokens) count('searchTokens', token);
  });
  const limits: Record<string, number> = {
    videos: config.maxVideos,
    channels: config.maxChannels,
    topics: config.maxTopics,
    searchTokens: MOST_SEARCH_TOKENS,
  };
  return names.map((name) => Vocabulary.build(counts.get(name)!, limits[name] ?? Infinity));
}

/** With what is learned beside the tower, where that is. */
export interface TrainingBatch extends RankingBatch {
  /** [rowCount, crosses]: rows of the pairs' weights. */
  readonly crossRows: Int32Array;
}

/** Of all examples, in their order. */
interface Columns {
  readonly numbers: NumberColumns;
  readonly bags: readonly Bags[];
  /** [exampleCount, heads] */
  readonly positiveWeights: Float32Array;
  readonly negativeWeights: Float32Array;
  /** [exampleCount, crosses] */
  readonly crossRows: Int32Array;
}

/** What bags are made by, and batches are cut by. */
interface Form {
  readonly config: RankingModelConfig;
  readonly vocabularies: readonly Vocabulary[];
  readonly layout: InputLayout;
}

export class TrainingSet {
  private readonly config: RankingModelConfig;
  private readonly quantiles: readonly QuantileMap[];
  private readonly layout: InputLayout;
  private readonly positions: Float32Array;
  private readonly bags: readonly Bags[];
  /** Of each bag, whether its ids are dropped out. */
  private readonly isDropped: readonly boolean[];
  private readonly positiveWeights: Float32Array;
  private readonly negativeWeights: Float32Array;
  private readonly crossRows: Int32Array;
  private readonly crossCount: number;
  private scratch = new Float32Array(0);

  private constructor(
    { config, layout }: Form,
    { numbers, bags, positiveWeights, negativeWeights, crossRows }: Columns,
    readonly exampleCount: number,
    /** By head: Σ positive weights / Σ negative weights, the odds of a model that knows nothing. */
    readonly baseOdds: readonly number[],
  ) {
    this.config = config;
    this.quantiles = numbers.quantiles;
    this.layout = layout;
    this.positions = numbers.positions;
    this.bags = bags;
    this.isDropped = inputsOf(config).map(({ name }) => DROPPED_INPUTS.has(name));
    this.positiveWeights = positiveWeights;
    this.negativeWeights = negativeWeights;
    this.crossRows = crossRows;
    this.crossCount = config.crosses?.length ?? 0;
  }

  static async of(
    examples: readonly RankingExample[],
    numbers: NumberColumns,
    form: Form,
    preparation: Preparation,
  ): Promise<TrainingSet> {
    const { config } = form;
    const bags = await bagsOf(examples, form, preparation);
    const { crosses = [] } = config;
    const buckets = crossBucketsOf(config);
    const crossRows = new Int32Array(examples.length * crosses.length);
    const cross = ({ user: { userId, surface }, video: { channelId } }: RankingExample, n: number) =>
      crosses.forEach((one, i) => {
        crossRows[n * crosses.length + i] = crossRow(one, { userId, surface, channelId }, buckets);
      });
    if (crosses.length > 0) await preparation.each(examples, cross, 'preparing crosses');
    const heads = headsOf(examples, config);
    const columns = {
      numbers,
      bags,
      crossRows,
      positiveWeights: weightsOf(heads, (head) => head.positiveWeights),
      negativeWeights: weightsOf(heads, (head) => head.negativeWeights),
    };
    const baseOdds = heads.map((head) => sumOf(head.positiveWeights) / sumOf(head.negativeWeights));
    return new TrainingSet(form, columns, examples.length, baseOdds);
  }

  /**
   * Cuts the batch of these examples, some of its ids made unknown by `config.idDropout`. Its values are good until the
   * next batch is cut: one array serves them all, since new ones of this size are what the garbage collector works on.
   */
  batch(members: Int32Array, dropout: Random): TrainingBatch {
    const size = members.length * this.layout.inputSize;
    if (this.scratch.length < size) this.scratch = new Float32Array(size);
    const values = this.scratch.subarray(0, size);
    this.writeNumbers(members, values);
    const heads = this.baseOdds.length;
    return {
      crossRows: this.crossRowsOf(members),
      ...(this.crossCount > 0
        ? {
            offsets: {
              logits: new Float32Array(members.length * heads),
              gradients: new Float32Array(members.length * heads),
            },
          }
        : {}),
      rowCount: members.length,
      values,
      bags: this.bags.map((bags, input) => this.cut(bags, members, this.isDropped[input], dropout)),
      positiveWeights: rowsOf(this.positiveWeights, members, this.baseOdds.length),
      negativeWeights: rowsOf(this.negativeWeights, members, this.baseOdds.length),
    };
  }

  /** Draws what `batch` would for so many members. */
  passOver(memberCount: number, dropout: Random): void {
    if (this.config.idDropout === 0) return;
    for (let n = DROPPED_INPUTS.size * memberCount; n > 0; n--) dropout.next();
  }

  /** All that the examples are, for telling sets apart. */
  arrays(): (Float32Array | Int32Array)[] {
    const bags = this.bags.flatMap(({ rows, offsets }) => [rows, offsets]);
    return [this.positions, ...bags, this.crossRows, this.positiveWeights, this.negativeWeights];
  }

  private crossRowsOf(members: Int32Array): Int32Array {
    const { crossCount, crossRows } = this;
    const rows = new Int32Array(members.length * crossCount);
    for (let n = 0; n < members.length; n++) {
      for (let i = 0; i < crossCount; i++) rows[n * crossCount + i] = crossRows[members[n] * crossCount + i];
    }
    return rows;
  }

  /** Number by number, so that what is known of one stands still while its column is written. */
  private writeNumbers(members: Int32Array, values: Float32Array): void {
    const { layout, positions, quantiles } = this;
    for (let i = 0; i < ALL_NUMBERS.length; i++) {
      const number = quantiles[i];
      if (!number.isInformative) continue;
      for (let n = 0; n < members.length; n++) {
        const position = positions[members[n] * ALL_NUMBERS.length + i];
        writeNumber(layout, i, position, number, values, n * layout.inputSize);
      }
    }
  }

  private cut(bags: Bags, members: Int32Array, isDropped: boolean, dropout: Random): Bags {
    const { idDropout } = this.config;
    const draws = isDropped && idDropout > 0;
    const offsets = new Int32Array(members.length + 1);
    let size = 0;
    for (let n = 0; n < members.length; n++) size += bags.offsets[members[n] + 1] - bags.offsets[members[n]];
    const rows = new Int32Array(size);
    let count = 0;
    for (let n = 0; n < members.length; n++) {
      if (!draws || dropout.next() >= idDropout) {
        const end = bags.offsets[members[n] + 1];
        for (let i = bags.offsets[members[n]]; i < end; i++) rows[count++] = bags.rows[i];
      }
      offsets[n + 1] = count;
    }
    return { rows: rows.subarray(0, count), offsets };
  }
}

/** Ids of all examples as rows, by input. Unknown ids are in no bag, so that a bag's mean is over what is known, as when serving. */
async function bagsOf(
  examples: readonly RankingExample[],
  { config, vocabularies }: Form,
  preparation: Preparation,
): Promise<Bags[]> {
  const tables = tableNames(config);
  const userInputCount = userEmbeddings(config).length;
  const bags = inputsOf(config).map(({ name, table }, input) => ({
    name,
    vocabulary: vocabularies[tables.indexOf(table)],
    isOfUser: input < userInputCount,
    /** Of the example looked at. */
    known: [] as readonly number[],
    rows: new IndexList(),
    offsets: new Int32Array(examples.length + 1),
  }));
  let lastUser: RankingExample['user'] | undefined;
  const add = (example: RankingExample, n: number) => {
    const { user } = example;
    for (const bag of bags) {
      // The examples of a list have one user in common, and come together: of its ids most need not be looked up.
      if (!bag.isOfUser || user !== lastUser) bag.known = knownRows(idsOf(example, bag.name), bag.vocabulary);
      for (const row of bag.known) bag.rows.push(row);
      bag.offsets[n + 1] = bag.rows.length;
    }
    lastUser = user;
  };
  await preparation.each(examples, add, 'preparing inputs');
  return bags.map(({ rows, offsets }) => ({ rows: rows.take(), offsets }));
}

const knownRows = (ids: readonly string[], vocabulary: Vocabulary): number[] =>
  ids.map((id) => vocabulary.indexOf(id)).filter((row) => row > 0);

const inputsOf = (config: RankingModelConfig) => [...userEmbeddings(config), ...VIDEO_EMBEDDINGS];

function idsOf({ user, video }: RankingExample, input: string): readonly string[] {
  switch (input) {
    case 'lastWatchedVideo':
      return [user.lastWatchedVideoId];
    case 'seedVideo':
      return [user.seedVideoId];
    case 'surface':
      return [user.surface];
    case 'country':
      return [user.country];
    case 'device':
      return [user.device];
    case 'searches':
      return user.searches.tokens;
    case 'lastSearch':
      return user.searches.last;
    case 'video':
      return [video.videoId];
    case 'channel':
      return [video.channelId];
    case 'topics':
      return video.topics;
    case 'source':
      return [video.source];
    default:
      throw new Error(`no embedding input is called "${input}"`);
  }
}

/** [members, width] out of [examples, width] */
function rowsOf(values: Float32Array, members: Int32Array, width: number): Float32Array {
  const rows = new Float32Array(members.length * width);
  for (let n = 0; n < members.length; n++) {
    for (let i = 0; i < width; i++) rows[n * width + i] = values[members[n] * width + i];
  }
  return rows;
}
