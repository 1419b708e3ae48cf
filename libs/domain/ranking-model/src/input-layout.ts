/**
 * Which columns of the tower's input row hold what.
 *
 *   user part, once a request:    last watched video, seed video, surface, country, device (embeddings), user numbers
 *   video part, once a candidate: video, channel, mean of topics, source (embeddings), video numbers, statistics
 *
 * A number takes three columns, x, x² and √x of its position among the quantiles (paper §4.1), and a fourth that is 1
 * where it is missing, if it ever was while training; none if training never saw it vary.
 */
import { RANKING_STATISTICS_NUMBERS, RANKING_USER_NUMBERS, RANKING_VIDEO_NUMBERS } from '@watchnext/features';
import type { EmbeddingInput } from './engine';
import type { QuantileMap } from './quantiles';

/** One table for each space of ids; videos have one for all the roles they appear in. */
export const TABLE_NAMES = ['videos', 'channels', 'topics', 'surfaces', 'sources', 'countries', 'devices'] as const;
export type TableName = (typeof TABLE_NAMES)[number];

/** Embedding inputs in the order of their columns. */
export const USER_EMBEDDINGS = [
  { name: 'lastWatchedVideo', table: 'videos' },
  { name: 'seedVideo', table: 'videos' },
  { name: 'surface', table: 'surfaces' },
  { name: 'country', table: 'countries' },
  { name: 'device', table: 'devices' },
] as const satisfies readonly { name: string; table: TableName }[];

export const VIDEO_EMBEDDINGS = [
  { name: 'video', table: 'videos' },
  { name: 'channel', table: 'channels' },
  { name: 'topics', table: 'topics' },
  { name: 'source', table: 'sources' },
] as const satisfies readonly { name: string; table: TableName }[];

/** Numbers in the order of their columns. A model trained with others cannot be served: its parts name them. */
export const USER_NUMBERS: readonly string[] = RANKING_USER_NUMBERS;
export const VIDEO_NUMBERS: readonly string[] = [
  ...RANKING_VIDEO_NUMBERS,
  // Told apart from the numbers of this user and this video, one of which has the same name.
  ...RANKING_STATISTICS_NUMBERS.map((name) => `statistics.${name}`),
];
export const ALL_NUMBERS: readonly string[] = [...USER_NUMBERS, ...VIDEO_NUMBERS];

/** Columns from `from` up to, not including, `to`. */
export interface InputGroup {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export interface InputLayout {
  readonly inputSize: number;
  /** Columns before this one depend on the user only. */
  readonly userSize: number;
  /** Every column in exactly one group: one for each embedding input and each number, empty for one without columns. */
  readonly groups: readonly InputGroup[];
  /** As `USER_EMBEDDINGS`, then `VIDEO_EMBEDDINGS`. */
  readonly embeddings: readonly EmbeddingInput[];
  /** First column of each of `ALL_NUMBERS`. */
  readonly numberColumns: readonly number[];
}

/** @param dimensions of each table, as `TABLE_NAMES`. @param quantiles as `ALL_NUMBERS`. */
export function layOut(dimensions: readonly number[], quantiles: readonly QuantileMap[]): InputLayout {
  const groups: InputGroup[] = [];
  const embeddings: EmbeddingInput[] = [];
  const numberColumns: number[] = [];
  let column = 0;
  const take = (name: string, width: number): number => {
    const from = column;
    column += width;
    groups.push({ name, from, to: column });
    return from;
  };
  const takeAll = (inputs: readonly { name: string; table: TableName }[], numbers: readonly string[]) => {
    for (const { name, table } of inputs) {
      const index = TABLE_NAMES.indexOf(table);
      embeddings.push({ table: index, from: take(name, dimensions[index]) });
    }
    for (const name of numbers) numberColumns.push(take(name, widthOf(quantiles[numberColumns.length])));
  };
  takeAll(USER_EMBEDDINGS, USER_NUMBERS);
  const userSize = column;
  takeAll(VIDEO_EMBEDDINGS, VIDEO_NUMBERS);
  return { inputSize: column, userSize, groups, embeddings, numberColumns };
}

function widthOf(quantiles: QuantileMap): number {
  if (!quantiles.isInformative) return 0;
  return quantiles.mayBeMissing ? 4 : 3;
}

/**
 * Writes the columns of one number.
 * @param position in [0, 1), or NaN: then zeros and, where there is a column for it, the flag
 */
export function writeNumber(position: number, quantiles: QuantileMap, out: Float32Array, offset: number): void {
  if (!quantiles.isInformative) return;
  const missing = Number.isNaN(position);
  const x = missing ? 0 : position;
  out[offset] = x;
  out[offset + 1] = x * x;
  out[offset + 2] = Math.sqrt(x);
  if (quantiles.mayBeMissing) out[offset + 3] = missing ? 1 : 0;
}
