/**
 * Where the parts lie that every training step has: tables with what a batch changes in them, and a tower with both
 * optimizers' state. A plan is plain data: each thread gets a copy.
 *
 * Inside, widths of matrices are rounded up to multiples of 8 with zeros that stay zeros, so that the kernels need no remainders.
 * Rows of matrices are padded by a further cache line: rows at a distance of a power of two would push each other out of the cache.
 */
import type { DenseStack, EmbeddingTable } from '@watchnext/learning';
import type { Arena } from './arena';

/** A matrix of float32. */
export interface MatrixPlan {
  readonly address: number;
  /** Bytes from row to row. */
  readonly stride: number;
  /** Columns, with the padding: a multiple of 8. */
  readonly width: number;
}

/** A table, and what a batch changes in it: entries, each a row, the address of a gradient, and a factor to it. */
export interface TablePlan extends MatrixPlan {
  readonly rowCount: number;
  readonly dimensions: number;
  readonly accumulators: number;
}

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

export interface StepPlan {
  /** int32: what changes from batch to batch, see FRAME. */
  readonly frame: number;
  readonly batchSize: number;
  readonly tables: readonly TablePlan[];
  readonly inputs: MatrixPlan;
  /** ∂loss/∂ of the first columns of the inputs: as many as it is wide. */
  readonly inputGradients: MatrixPlan;
  readonly layers: readonly LayerPlan[];
  readonly hiddenDropout: number;
  /** All weights and biases, their gradients and their moments, each [parameterCount]. */
  readonly parameters: number;
  readonly parameterGradients: number;
  readonly firstMoments: number;
  readonly secondMoments: number;
  readonly parameterCount: number;
  /** What products start from that have no bias. */
  readonly zeros: number;
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
  /** What each use of a row adds to its gradient, as a share of the row. */
  tableDecay: 6,
  dropoutSeed: 7,
  /** Of the candidate model, by index of a history: weights of the heads, ∂loss/∂logits, and ∂loss/∂row. */
  headWeights: 8,
  logitGradients: 9,
  entryGradients: 10,
  /** And its place, where the batch gives places; else 0. */
  historyPlaces: 11,
  /** From here on, per table: how many entries it has, and where their rows, gradients' addresses and factors lie. */
  tables: 16,
  perTable: 4,
} as const;
export const ENTRY = { count: 0, rows: 1, gradients: 2, factors: 3 } as const;

export const frameLength = (tableCount: number): number => FRAME.tables + FRAME.perTable * tableCount;

export const FLOAT = Float32Array.BYTES_PER_ELEMENT;
const LINE_NUMBERS = 16;
/** Tasks of the phase of weights that can say whether their gradients are finite. */
export const MOST_CHECKS = 4_096;

export const padded = (count: number): number => Math.ceil(count / 8) * 8;

export function planMatrix(arena: Arena, rows: number, columns: number): MatrixPlan {
  const width = padded(columns);
  const stride = (width + LINE_NUMBERS) * FLOAT;
  return { address: arena.allocate(padded(rows) * stride), stride, width };
}

export function planTable(arena: Arena, { rowCount, dimensions }: EmbeddingTable): TablePlan {
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

/**
 * @param inputWidth with the padding
 * @param gradientWidth so many of the first input columns have a gradient that is asked for
 */
export function planTower(
  arena: Arena,
  tower: DenseStack,
  batchSize: number,
  inputWidth: number,
  gradientWidth: number,
): Omit<StepPlan, 'frame' | 'tables' | 'hiddenDropout'> {
  const numbers = (count: number) => arena.allocate(count * FLOAT);
  const matrix = (rows: number, columns: number) => planMatrix(arena, rows, columns);
  const offsets = planParameters(tower, inputWidth);
  const parameterGradients = numbers(offsets.count);
  const parameters = numbers(offsets.count);
  const layers = tower.map((layer, i): LayerPlan => {
    const { stride, width, weights, bias, inputWidth } = offsets.layers[i];
    const at = (base: number) => ({
      weights: { address: base + weights, stride, width },
      bias: base + bias,
    });
    const gradients = at(parameterGradients);
    return {
      inputWidth,
      ...at(parameters),
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
    batchSize,
    inputs: matrix(batchSize, inputWidth),
    inputGradients: matrix(batchSize, gradientWidth),
    layers,
    parameters,
    parameterGradients,
    firstMoments: numbers(offsets.count),
    secondMoments: numbers(offsets.count),
    parameterCount: offsets.count,
    zeros: numbers(Math.max(inputWidth, ...layers.map(({ output }) => output.width))),
    checks: numbers(MOST_CHECKS),
  };
}

/** Weights and biases in one run of memory, for Adam; offsets in bytes. */
function planParameters(tower: DenseStack, firstWidth: number) {
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
