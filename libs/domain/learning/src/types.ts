/** Shapes that the models, the training engines and inference share. All matrices are row-major float32. */

export type Activation = 'relu' | 'linear';

/** y = activation(x·weights + bias). */
export interface DenseLayer {
  readonly inputSize: number;
  readonly outputSize: number;
  /** [inputSize, outputSize] */
  readonly weights: Float32Array;
  /** [outputSize] */
  readonly bias: Float32Array;
  readonly activation: Activation;
}

/** Layers in order; an empty stack is the identity. */
export type DenseStack = readonly DenseLayer[];

/** Rows of float32 in shared memory. Row 0 is the zero vector of ids out of vocabulary: it is never trained. */
export interface EmbeddingTable {
  readonly rowCount: number;
  readonly dimensions: number;
  /** [rowCount, dimensions] on a SharedArrayBuffer. */
  readonly values: Float32Array;
}

/** Named arrays, as stored in safetensors files. */
export type NamedTensors = ReadonlyMap<string, NamedTensor>;
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array;
}
