/**
 * Where everything of a candidate training step lies in the shared memory. A plan is plain data: each thread gets a copy.
 *
 * Inside, widths are rounded up to multiples of 8 with zeros that stay zeros, so that the kernels need no remainders. Rows
 * of matrices are padded by a further cache line: rows at a distance of a power of two would push each other out of the cache.
 */
import type { CandidateEngineSetup, CandidateTables, InputLayout } from '@watchnext/candidate-model';
import type { DenseLayer, EmbeddingTable } from '@watchnext/learning';
import type { Arena } from './arena';

export type TableName = keyof CandidateTables;

/** A matrix of float32. */
export interface MatrixPlan {
  readonly address: number;
  /** Bytes from row to row. */
  readonly stride: number;
  /** Columns, with the padding: a multiple of 8. */
  readonly width: number;
}

/** A table, or two tied ones, and what a batch changes in it: entries, each a row, the address of a gradient, and a factor to it. */
export interface TablePlan extends MatrixPlan {
  readonly name: TableName;
  readonly rowCount: number;
  readonly dimensions: number;
  readonly accumulators: number;
  /** Which entries belong to which use: from … to. After them come those of the examples' lists. */
  readonly uses: Readonly<Partial<Record<TableUse, readonly [number, number]>>>;
  readonly fixedEntryCount: number;
}

/** What a row of a table is used as: once in each example, for each negative, or in each batch. */
export type TableUse = 'label' | 'negative' | 'last' | 'country' | 'device' | 'place' | 'query';

export interface LayerPlan {
  readonly inputWidth: number;
  readonly weights: MatrixPlan;
  readonly bias: number;
  readonly transposed: MatrixPlan;
  readonly gradients: MatrixPlan;
  readonly biasGradients: number;
  /** What the layer gives, [batch, width], and ∂loss/∂ of it. */
  readonly output: MatrixPlan;
  readonly outputGradients: MatrixPlan;
  readonly outputSize: number;
  readonly relu: boolean;
}

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
  /** Of a history count the last so many. */
  readonly places: number;
  readonly queried: boolean;
  /** ∂loss/∂ of the logits of each place, [places + 1, heads], and of the queries, [heads, dimensions]. */
  readonly positionGradients: MatrixPlan;
  readonly queryGradients: MatrixPlan;
  /** Each example's part of the latter, [batch, heads · width]. */
  readonly queryParts: MatrixPlan;
}

export type GroupName = Exclude<keyof InputLayout, 'inputSize'>;

export interface CandidatePlan {
  /** int32: what changes from batch to batch, see FRAME. */
  readonly frame: number;
  readonly batchSize: number;
  readonly negativeCount: number;
  readonly tables: readonly TablePlan[];
  /** Of each table's name, its place in `tables`. */
  readonly tableOf: Readonly<Record<TableName, number>>;
  readonly groups: Readonly<Record<GroupName, GroupPlan>>;
  readonly heads: HeadsPlan | undefined;
  /** Columns before the padding: what masks of dropout count by. */
  readonly inputSize: number;
  readonly inputDropout: number;
  readonly hiddenDropout: number;
  readonly inputs: MatrixPlan;
  readonly inputGradients: MatrixPlan;
  readonly layers: readonly LayerPlan[];
  /** All weights and biases, their gradients and their moments, each [parameterCount]. */
  readonly parameters: number;
  readonly parameterGradients: number;
  readonly firstMoments: number;
  readonly secondMoments: number;
  readonly parameterCount: number;
  readonly labelVectors: MatrixPlan;
  readonly negativeVectors: MatrixPlan;
  readonly negativesTransposed: MatrixPlan;
  readonly negativeGradients: MatrixPlan;
  /** -log e of each negative. */
  readonly negativeBiases: number;
  /** What products start from that have no bias. */
  readonly zeros: number;
  readonly logits: MatrixPlan;
  readonly excesses: number;
  readonly partitions: number;
  readonly reals: number;
  readonly historyStarts: number;
  readonly tokenStarts: number;
  /** The sum of the gradients that each task of the phase of weights made. */
  readonly checks: number;
}

/** Of the frame's int32; floats and unsigned numbers stand there as their bits. */
export const FRAME = {
  rowCount: 0,
  /** Memory of the threads for sorting, and how much each has. */
  scratch: 1,
  scratchBytes: 2,
  adamRate: 3,
  adamSecondScale: 4,
  tableRate: 5,
  dropoutSeed: 6,
  /** By index of a history: weights of the heads, ∂loss/∂logits, and ∂loss/∂row. */
  headWeights: 7,
  logitGradients: 8,
  entryGradients: 9,
  /** From here on, per table: how many entries it has, and where their rows, gradients' addresses and factors lie. */
  tables: 16,
  perTable: 4,
  length: 64,
} as const;
export const ENTRY = { count: 0, rows: 1, gradients: 2, factors: 3 } as const;

const FLOAT = Float32Array.BYTES_PER_ELEMENT;
const LINE_NUMBERS = 16;
export const MOST_CHECKS = 4_096;

export const padded = (count: number): number => Math.ceil(count / 8) * 8;

export function planCandidateStep(arena: Arena, setup: CandidateEngineSetup): CandidatePlan {
  const { layout, batchSize, negativeCount } = setup;
  const numbers = (count: number) => arena.allocate(count * FLOAT);
  const matrix = (rows: number, columns: number): MatrixPlan => {
    const width = padded(columns);
    const stride = (width + LINE_NUMBERS) * FLOAT;
    return { address: arena.allocate(padded(rows) * stride), stride, width };
  };
  const dimensions = setup.tables.output.dimensions;
  const { tables, tableOf } = planTables(arena, setup);
  const { groups, width: inputWidth } = planGroups(setup);
  const parameters = planParameters(setup.tower, inputWidth);
  const parameterGradients = numbers(parameters.count);
  const parameterValues = numbers(parameters.count);
  const layers = setup.tower.map((layer, i): LayerPlan => {
    const { stride, width, weights, bias, inputWidth } = parameters.layers[i];
    const at = (base: number) => ({
      weights: { address: base + weights, stride, width },
      bias: base + bias,
    });
    const [values, gradients] = [at(parameterValues), at(parameterGradients)];
    return {
      inputWidth,
      ...values,
      transposed: matrix(width, inputWidth),
      gradients: gradients.weights,
      biasGradients: gradients.bias,
      output: matrix(batchSize, layer.outputSize),
      outputGradients: matrix(batchSize, layer.outputSize),
      outputSize: layer.outputSize,
      relu: layer.activation === 'relu',
    };
  });
  return {
    frame: arena.allocate(FRAME.length * FLOAT),
    batchSize,
    negativeCount,
    tables,
    tableOf,
    groups,
    heads: planHeads(setup, matrix),
    inputSize: layout.inputSize,
    inputDropout: setup.inputDropout,
    hiddenDropout: setup.hiddenDropout,
    inputs: matrix(batchSize, inputWidth),
    inputGradients: matrix(batchSize, inputWidth),
    layers,
    parameters: parameterValues,
    parameterGradients,
    firstMoments: numbers(parameters.count),
    secondMoments: numbers(parameters.count),
    parameterCount: parameters.count,
    labelVectors: matrix(batchSize, dimensions),
    negativeVectors: matrix(negativeCount, dimensions),
    negativesTransposed: matrix(dimensions, negativeCount),
    negativeGradients: matrix(negativeCount, dimensions),
    negativeBiases: numbers(padded(negativeCount)),
    zeros: numbers(Math.max(inputWidth, ...layers.map(({ output }) => output.width))),
    logits: matrix(batchSize, negativeCount),
    excesses: numbers(padded(batchSize)),
    partitions: numbers(padded(batchSize)),
    reals: numbers(padded(batchSize) * layout.reals.width),
    historyStarts: numbers(padded(batchSize) + 1),
    tokenStarts: numbers(padded(batchSize) + 1),
    checks: numbers(MOST_CHECKS),
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
  const tables = (Object.keys(separate) as (keyof typeof separate)[]).map((name): TablePlan => {
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

function planTable(arena: Arena, { rowCount, dimensions }: EmbeddingTable) {
  const width = padded(dimensions);
  const stride = width * FLOAT;
  return {
    rowCount,
    dimensions,
    width,
    stride,
    address: arena.allocate(rowCount * stride),
    accumulators: arena.allocate(rowCount * FLOAT),
  };
}

function usesOf(sizes: Partial<Record<TableUse, number>>): Pick<TablePlan, 'uses' | 'fixedEntryCount'> {
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

/** Weights and biases in one run of memory, for Adam; offsets in bytes. */
function planParameters(tower: readonly DenseLayer[], firstWidth: number) {
  let bytes = 0;
  let inputWidth = firstWidth;
  const layers = tower.map(({ outputSize }) => {
    const width = padded(outputSize);
    const stride = (width + LINE_NUMBERS) * FLOAT;
    const layer = { inputWidth, width, stride, weights: bytes, bias: bytes + inputWidth * stride };
    bytes = layer.bias + stride;
    inputWidth = width;
    return layer;
  });
  return { layers, count: bytes / FLOAT };
}
