/**
 * Which columns of the tower's input row hold what.
 *
 *   user part, once a request:    last watched video, seed video, surface, country, device (embeddings), searches where the
 *                                 model looks at them, user numbers, and the weight of the user on the surface where it has one
 *   video part, once a candidate: video, channel, mean of topics, source (embeddings), video numbers, statistics, and the
 *                                 weight of the channel on the surface where it has one
 *   position, in training only:   where in its list an impression was shown
 *
 * A number takes three columns, x, x² and √x of its position among the quantiles (paper §4.1), one for its logarithm if it is
 * never negative, and one more that is 1 where it is missing, if it ever was while training; none if training never saw it
 * vary.
 */
import { RANKING_STATISTICS_NUMBERS, RANKING_USER_NUMBERS, RANKING_VIDEO_NUMBERS } from '@watchnext/features';
import { hasClickHead, type RankingCross, type RankingModelConfig } from './config';
import type { EmbeddingInput } from './engine';
import type { QuantileMap } from './quantiles';

const ALWAYS = ['videos', 'channels', 'topics', 'surfaces', 'sources', 'countries', 'devices'] as const;
export type TableName = (typeof ALWAYS)[number] | 'searchTokens';

/** What of a configuration decides about the columns. */
export interface InputForm extends Pick<RankingModelConfig, 'powers' | 'searches' | 'crosses'> {
  /** Logits of the tower; only of a form with crosses. */
  readonly heads?: number;
}

/** @param withCrosses false for the rows that the tower is trained on, which have none: see crosses.ts */
export function formOf(config: RankingModelConfig, withCrosses = true): InputForm {
  const { powers, searches, crosses } = config;
  return { powers, searches, ...(withCrosses && crosses ? { crosses, heads: hasClickHead(config) ? 2 : 1 } : {}) };
}

/** One table for each space of ids; videos have one for all the roles they appear in. */
export function tableNames({ searches }: Pick<InputForm, 'searches'>): readonly TableName[] {
  return searches === undefined ? ALWAYS : [...ALWAYS, 'searchTokens'];
}

interface EmbeddingOf {
  readonly name: string;
  readonly table: TableName;
}

/** Embedding inputs in the order of their columns. */
const USER_EMBEDDINGS = [
  { name: 'lastWatchedVideo', table: 'videos' },
  { name: 'seedVideo', table: 'videos' },
  { name: 'surface', table: 'surfaces' },
  { name: 'country', table: 'countries' },
  { name: 'device', table: 'devices' },
] as const satisfies readonly EmbeddingOf[];

export const VIDEO_EMBEDDINGS = [
  { name: 'video', table: 'videos' },
  { name: 'channel', table: 'channels' },
  { name: 'topics', table: 'topics' },
  { name: 'source', table: 'sources' },
] as const satisfies readonly EmbeddingOf[];

/** Of the searches that a model looks at. */
const SEARCHES: Record<NonNullable<InputForm['searches']>, readonly EmbeddingOf[]> = {
  mean: [{ name: 'searches', table: 'searchTokens' }],
  last: [{ name: 'lastSearch', table: 'searchTokens' }],
  'mean-and-last': [
    { name: 'searches', table: 'searchTokens' },
    { name: 'lastSearch', table: 'searchTokens' },
  ],
};

export function userEmbeddings({ searches }: Pick<InputForm, 'searches'>): readonly EmbeddingOf[] {
  return searches === undefined ? USER_EMBEDDINGS : [...USER_EMBEDDINGS, ...SEARCHES[searches]];
}

/** Numbers in the order of their columns. A model trained with others cannot be served: its parts name them. */
export const USER_NUMBERS: readonly string[] = RANKING_USER_NUMBERS;
export const VIDEO_NUMBERS: readonly string[] = [
  ...RANKING_VIDEO_NUMBERS,
  // Told apart from the numbers of this user and this video, one of which has the same name.
  ...RANKING_STATISTICS_NUMBERS.map((name) => `statistics.${name}`),
];
/**
 * Where an impression was shown explains part of whether it was watched, and says nothing of the video: a training input,
 * so that the video's inputs need not explain it. Every row that is served has the first place.
 */
export const POSITION = 'position';
export const SERVED_POSITION = 0;
export const ALL_NUMBERS: readonly string[] = [...USER_NUMBERS, ...VIDEO_NUMBERS, POSITION];

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
  /** As `userEmbeddings`, then `VIDEO_EMBEDDINGS`. */
  readonly embeddings: readonly EmbeddingInput[];
  /** First column of each of `ALL_NUMBERS`. */
  readonly numberColumns: readonly number[];
  /** How many of `embeddings` are the user's. */
  readonly userEmbeddingCount: number;
  /** Of each table, as `tableNames`. */
  readonly tableDimensions: readonly number[];
  /** Whether x² and √x stand beside x. */
  readonly powers: boolean;
  readonly searches: InputForm['searches'];
  /** First column of each pair's weights, one for each head; in the order of the columns. */
  readonly crosses: readonly { readonly cross: RankingCross; readonly from: number }[];
}

/** @param dimensions of each table, as `tableNames`. @param quantiles as `ALL_NUMBERS`. */
export function layOut(dimensions: readonly number[], quantiles: readonly QuantileMap[], form: InputForm): InputLayout {
  const { powers, searches } = form;
  const tables = tableNames(form);
  const ofUser = userEmbeddings(form);
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
  const takeAll = (inputs: readonly EmbeddingOf[], numbers: readonly string[]) => {
    for (const { name, table } of inputs) {
      const index = tables.indexOf(table);
      embeddings.push({ table: index, from: take(name, dimensions[index]) });
    }
    for (const name of numbers) numberColumns.push(take(name, widthOf(quantiles[numberColumns.length], powers)));
  };
  const crosses: InputLayout['crosses'][number][] = [];
  const takeCross = (cross: RankingCross) => {
    if (form.crosses?.includes(cross)) crosses.push({ cross, from: take(cross, form.heads ?? 1) });
  };
  takeAll(ofUser, USER_NUMBERS);
  takeCross('user-surface');
  const userSize = column;
  takeAll(VIDEO_EMBEDDINGS, VIDEO_NUMBERS);
  takeCross('surface-channel');
  numberColumns.push(take(POSITION, widthOf(quantiles[numberColumns.length], powers)));
  return {
    inputSize: column,
    userSize,
    groups,
    embeddings,
    numberColumns,
    userEmbeddingCount: ofUser.length,
    tableDimensions: dimensions,
    powers,
    searches,
    crosses,
  };
}

export type NumberColumn = 'position' | 'square' | 'root' | 'logarithm' | 'missing';

/** The columns of one number, in their order; none where training could learn nothing from it. */
export function columnsOfNumber(quantiles: QuantileMap, powers: boolean): NumberColumn[] {
  if (!quantiles.isInformative) return [];
  return [
    'position',
    ...(powers ? (['square', 'root'] as const) : []),
    ...(quantiles.hasLog ? (['logarithm'] as const) : []),
    ...(quantiles.mayBeMissing ? (['missing'] as const) : []),
  ];
}

const widthOf = (quantiles: QuantileMap, powers: boolean) => columnsOfNumber(quantiles, powers).length;

/**
 * Writes the columns of one number.
 * @param number its index in `ALL_NUMBERS`
 * @param position in [0, 1), or NaN: then zeros and, where there is a column for it, the flag
 * @param offset of the row in `out`
 */
export function writeNumber(
  layout: InputLayout,
  number: number,
  position: number,
  quantiles: QuantileMap,
  out: Float32Array,
  offset: number,
): void {
  if (quantiles.isInformative)
    writeNumberAt(offset + layout.numberColumns[number], position, quantiles, layout.powers, out);
}

/** As `columnsOfNumber` says, to `out` from `column` on; of a number that training could learn from. */
export function writeNumberAt(
  column: number,
  position: number,
  quantiles: QuantileMap,
  powers: boolean,
  out: Float32Array,
): void {
  const missing = Number.isNaN(position);
  const x = missing ? 0 : position;
  out[column++] = x;
  if (powers) {
    out[column++] = x * x;
    out[column++] = Math.sqrt(x);
  }
  if (quantiles.hasLog) out[column++] = missing ? 0 : quantiles.logAt(x);
  if (quantiles.mayBeMissing) out[column] = missing ? 1 : 0;
}
