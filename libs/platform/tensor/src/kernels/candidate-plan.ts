/** Where everything of a candidate training step lies in the shared memory. */
import type { CandidateEngineSetup, CandidateTables, InputLayout } from '@watchnext/candidate-model';
import type { Arena } from './arena';
import {
  FLOAT,
  frameLength,
  type MatrixPlan,
  padded,
  planMatrix,
  planTable,
  planTower,
  type StepPlan,
  type TablePlan,
} from './step-plan';

export type TableName = keyof CandidateTables;

/** A table, or two tied ones. */
export interface CandidateTablePlan extends TablePlan {
  readonly name: TableName;
  /** Which entries belong to which use: from … to. After them come those of the examples' lists. */
  readonly uses: Readonly<Partial<Record<TableUse, readonly [number, number]>>>;
  readonly fixedEntryCount: number;
}

/** What a row of a table is used as: once in each example, for each negative, or in each batch. */
export type TableUse = 'label' | 'negative' | 'last' | 'country' | 'device' | 'place' | 'query';

/** Columns of the input row. Those of the layout from `from` on stand from `at` on here; heads one after the other. */
export interface GroupPlan {
  readonly at: number;
  /** Of all its parts. */
  readonly width: number;
  readonly parts: readonly { readonly from: number; readonly at: number; readonly size: number }[];
}

/** The encoders with heads. */
export interface HeadsPlan {
  readonly count: number;
  /** Of a history count the last so many, where the batch gives no places. */
  readonly places: number;
  readonly queried: boolean;
  /** ∂loss/∂ of the logits of each place, [places + 1, heads], and of the queries, [heads, dimensions]. */
  readonly positionGradients: MatrixPlan;
  readonly queryGradients: MatrixPlan;
  /** Each example's part of the latter, [batch, heads · width]. */
  readonly queryParts: MatrixPlan;
}

/** Addresses of a number for each row of the batch, or for each negative. */
export interface ScalingPlan {
  readonly userLength: number;
  readonly users: number;
  readonly labels: number;
  readonly negatives: number;
}

/**
 * Where a viewer has several user vectors: row i · count + k of a matrix belongs to interest k of example i, so that all of them are
 * multiplied as if they were examples.
 */
export interface InterestsPlan {
  readonly count: number;
  readonly users: MatrixPlan;
  readonly userGradients: MatrixPlan;
  /** Of each example the user vector that scores its label highest, [batch, dimensions]. */
  readonly labelUsers: MatrixPlan;
  /** Which row of `users` that is, [batch]. */
  readonly labelRoutes: number;
  /** The labels' products with each interest in turn, [padded batch] each. */
  readonly labelProducts: number;
  /** Products of every interest, [batch · count, negatives]; become the gradients by them. */
  readonly products: MatrixPlan;
  /** Which interest each of the greatest, in `logits`, came from: int32, as large. */
  readonly routes: MatrixPlan;
}

export type GroupName = Exclude<keyof InputLayout, 'inputSize'>;

export interface CandidatePlan extends StepPlan {
  readonly model: 'candidate';
  readonly negativeCount: number;
  readonly tables: readonly CandidateTablePlan[];
  /** Of each table's name, its place in `tables`. */
  readonly tableOf: Readonly<Record<TableName, number>>;
  readonly groups: Readonly<Record<GroupName, GroupPlan>>;
  readonly heads: HeadsPlan | undefined;
  /** Columns before the padding: what masks of dropout count by. */
  readonly inputSize: number;
  readonly inputDropout: number;
  readonly labelVectors: MatrixPlan;
  readonly negativeVectors: MatrixPlan;
  readonly negativesTransposed: MatrixPlan;
  readonly negativeGradients: MatrixPlan;
  /** Where the model has a temperature: by what vectors were multiplied to their lengths, 1 and, of users, 1 / temperature. */
  readonly scaling: ScalingPlan | undefined;
  readonly interests: InterestsPlan | undefined;
  /** -log e of each negative. */
  readonly negativeBiases: number;
  readonly logits: MatrixPlan;
  readonly excesses: number;
  readonly partitions: number;
  readonly reals: number;
  readonly historyStarts: number;
  readonly tokenStarts: number;
}

export function planCandidateStep(arena: Arena, setup: CandidateEngineSetup): CandidatePlan {
  const { layout, batchSize, negativeCount, interests = 1 } = setup;
  const numbers = (count: number) => arena.allocate(count * FLOAT);
  const matrix = (rows: number, columns: number) => planMatrix(arena, rows, columns);
  const dimensions = setup.tables.output.dimensions;
  const { tables, tableOf } = planTables(arena, setup);
  const { groups, width: inputWidth } = planGroups(setup);
  return {
    ...planTower(arena, setup.tower, batchSize, inputWidth, inputWidth),
    model: 'candidate',
    frame: arena.allocate(frameLength(tables.length) * FLOAT),
    negativeCount,
    tables,
    tableOf,
    groups,
    heads: planHeads(setup, matrix),
    inputSize: layout.inputSize,
    inputDropout: setup.inputDropout,
    hiddenDropout: setup.hiddenDropout,
    labelVectors: matrix(batchSize, dimensions),
    negativeVectors: matrix(negativeCount, dimensions),
    negativesTransposed: matrix(dimensions, negativeCount),
    negativeGradients: matrix(negativeCount, dimensions),
    scaling:
      setup.temperature === undefined
        ? undefined
        : {
            userLength: 1 / setup.temperature,
            users: numbers(padded(batchSize) * interests),
            labels: numbers(padded(batchSize)),
            negatives: numbers(padded(negativeCount)),
          },
    interests:
      interests === 1
        ? undefined
        : {
            count: interests,
            users: matrix(padded(batchSize) * interests, dimensions),
            userGradients: matrix(padded(batchSize) * interests, dimensions),
            labelUsers: matrix(batchSize, dimensions),
            labelRoutes: numbers(padded(batchSize)),
            labelProducts: numbers(padded(batchSize) * interests),
            products: matrix(padded(batchSize) * interests, negativeCount),
            routes: matrix(batchSize, negativeCount),
          },
    negativeBiases: numbers(padded(negativeCount)),
    logits: matrix(batchSize, negativeCount),
    excesses: numbers(padded(batchSize)),
    partitions: numbers(padded(batchSize)),
    reals: numbers(padded(batchSize) * layout.reals.width),
    historyStarts: numbers(padded(batchSize) + 1),
    tokenStarts: numbers(padded(batchSize) + 1),
  };
}

/** Of an input column, where it stands here. */
export function paddedColumns(layout: InputLayout, { groups }: CandidatePlan): Int32Array {
  const columns = new Int32Array(layout.inputSize);
  for (const { from, at, size } of Object.values(groups).flatMap((group) => group.parts)) {
    for (let i = 0; i < size; i++) columns[from + i] = at + i;
  }
  return columns;
}

function planTables(arena: Arena, setup: CandidateEngineSetup): Pick<CandidatePlan, 'tables' | 'tableOf'> {
  const { layout } = setup;
  const rows = padded(setup.batchSize);
  const { positions, queries } = setup.tables;
  const sizes: Record<TableName, Partial<Record<TableUse, number>>> = {
    watched: layout.historyLast.width > 0 ? { last: rows } : {},
    output: { label: rows, negative: padded(setup.negativeCount) },
    searchTokens: {},
    countries: layout.country.width > 0 ? { country: rows } : {},
    devices: layout.device.width > 0 ? { device: rows } : {},
    positions: layout.historyHeads.width > 0 ? { place: positions.rowCount - 1 } : {},
    queries: layout.historyHeads.width > 0 && queries.rowCount > 1 ? { query: queries.rowCount - 1 } : {},
  };
  const { output, ...others } = sizes;
  const isTied = setup.tables.output === setup.tables.watched;
  const separate = isTied ? { ...others, watched: { ...others.watched, ...output } } : sizes;
  const tables = (Object.keys(separate) as (keyof typeof separate)[]).map((name): CandidateTablePlan => {
    return { name, ...planTable(arena, setup.tables[name]), ...usesOf(separate[name]) };
  });
  const indexOf = (name: TableName) => tables.findIndex((table) => table.name === name);
  const tableOf = Object.fromEntries(Object.keys(sizes).map((name) => [name, indexOf(name as TableName)]));
  if (isTied) tableOf.output = tableOf.watched;
  return { tables, tableOf: tableOf as Record<TableName, number> };
}

function planHeads(
  { layout, tables, batchSize }: CandidateEngineSetup,
  matrix: (rows: number, columns: number) => MatrixPlan,
): HeadsPlan | undefined {
  if (layout.historyHeads.width === 0) return undefined;
  const { positions, queries, watched } = tables;
  const count = positions.dimensions;
  const queried = queries.rowCount > 1;
  return {
    count,
    places: positions.rowCount - 1,
    queried,
    positionGradients: matrix(positions.rowCount, count),
    queryGradients: matrix(1, count * padded(watched.dimensions)),
    queryParts: matrix(queried ? batchSize : 1, count * padded(watched.dimensions)),
  };
}

function usesOf(sizes: Partial<Record<TableUse, number>>): Pick<CandidateTablePlan, 'uses' | 'fixedEntryCount'> {
  const uses: Partial<Record<TableUse, readonly [number, number]>> = {};
  let fixedEntryCount = 0;
  for (const [use, size] of Object.entries(sizes) as [TableUse, number][]) {
    uses[use] = [fixedEntryCount, fixedEntryCount + size];
    fixedEntryCount += size;
  }
  return { uses, fixedEntryCount };
}

function planGroups({ layout, tables }: CandidateEngineSetup) {
  const { inputSize: _, ...layoutGroups } = layout;
  const groups: Partial<Record<GroupName, GroupPlan>> = {};
  let end = 0;
  for (const [name, group] of Object.entries(layoutGroups) as [GroupName, InputLayout[GroupName]][]) {
    const partSize = name === 'historyHeads' ? tables.watched.dimensions : group.width;
    const partCount = group.width === 0 ? 0 : group.width / partSize;
    const at = end;
    const parts = Array.from({ length: partCount }, (_part, i) => ({
      from: group.from + i * partSize,
      at: at + i * padded(partSize),
      size: partSize,
    }));
    groups[name] = { at, width: partCount * padded(partSize), parts };
    end += partCount * padded(partSize);
  }
  return { groups: groups as Record<GroupName, GroupPlan>, width: end };
}
