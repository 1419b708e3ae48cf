/** Runs a tower written by `encodeOnnx` on onnxruntime. */
import { freeAtOnce } from '@watchnext/threads';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { INPUT_NAME, OUTPUT_NAME } from './encode-onnx';
import { createSession } from './session';

export interface OnnxStackOptions {
  /**
   * Threads that one run may use; 1 by default. onnxruntime computes on the calling thread (its Node binding is not
   * asynchronous underneath), so a service gains more from further processes than from further threads.
   */
  readonly threads?: number;
}

/**
 * A loaded tower. A row's result does not depend on how many rows it is run with: the spec holds 1 to 500 rows to equal
 * bits, and the skew test of the archive relies on it.
 *
 * @example
 * const tower = await OnnxStack.load(encodeOnnx(model.tower));
 * const logits = await tower.run(rows, rowCount); // [rowCount, outputSize]
 * await tower.close();
 */
export class OnnxStack {
  private session: InferenceSession | undefined;

  private constructor(
    session: InferenceSession,
    /** Values of one input row; undefined for an identity, which takes any width. */
    readonly inputSize: number | undefined,
    /** Values of one output row; undefined for an identity. */
    readonly outputSize: number | undefined,
  ) {
    this.session = session;
  }

  /**
   * Loads a model with input "input" and output "output", both float32 [rows, width].
   * @throws Error if the bytes are no such model; RangeError if `threads` is not a positive whole number.
   */
  static async load(model: Uint8Array, options: OnnxStackOptions = {}): Promise<OnnxStack> {
    const session = await createSession(model, options.threads ?? 1);
    try {
      return new OnnxStack(
        session,
        widthOf('input', INPUT_NAME, session.inputMetadata),
        widthOf('output', OUTPUT_NAME, session.outputMetadata),
      );
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /**
   * Runs `rowCount` rows.
   * @param input [rowCount, inputSize], row-major; it may be longer, so that one buffer serves requests of any size.
   *   It must not change until the promise settles.
   * @param into [rowCount, outputSize], or longer, not on shared memory: written, and its beginning returned
   * @returns [rowCount, outputSize], by default a new array
   * @throws RangeError if `input` holds fewer rows, or `into` has room for fewer; Error once closed.
   */
  async run(input: Float32Array, rowCount: number, into?: Float32Array): Promise<Float32Array> {
    if (this.session === undefined) throw new Error('the tower is closed');
    if (!Number.isInteger(rowCount) || rowCount < 0)
      throw new RangeError(`rowCount must be 0 or more, not ${rowCount}`);
    if (rowCount === 0) return new Float32Array(0);
    const inputSize = this.inputSize ?? input.length / rowCount;
    const valueCount = rowCount * inputSize;
    if (!Number.isInteger(inputSize) || input.length < valueCount) {
      throw new RangeError(
        `${rowCount} rows of ${this.inputSize ?? 'one width'} do not fit an input of ${input.length} values`,
      );
    }
    const rows = new Tensor('float32', input.subarray(0, valueCount), [rowCount, inputSize]);
    if (into === undefined) {
      const outputs = await this.session.run({ [INPUT_NAME]: rows });
      return outputs[OUTPUT_NAME]!.data as Float32Array;
    }
    const outputSize = this.outputSize ?? inputSize;
    if (into.length < rowCount * outputSize) {
      throw new RangeError(`${rowCount} rows of ${outputSize} do not fit an output of ${into.length} values`);
    }
    const outputs = into.subarray(0, rowCount * outputSize);
    const written = await this.session.run(
      { [INPUT_NAME]: rows },
      { [OUTPUT_NAME]: new Tensor('float32', outputs, [rowCount, outputSize]) },
    );
    // The binding makes a copy all the same.
    freeAtOnce(written[OUTPUT_NAME]!.data as Float32Array);
    return outputs;
  }

  /** Frees the native session; runs under way must have settled. Closing twice does nothing. */
  async close(): Promise<void> {
    const session = this.session;
    this.session = undefined;
    await session?.release();
  }
}

function widthOf(side: string, name: string, metadata: readonly InferenceSession.ValueMetadata[]): number | undefined {
  const value = metadata.length === 1 ? metadata[0] : undefined;
  if (value?.name !== name || !value.isTensor || value.type !== 'float32' || value.shape.length !== 2) {
    throw new Error(`the model's ${side} is not one float32 matrix named "${name}"`);
  }
  const width = value.shape[1];
  return typeof width === 'number' ? width : undefined;
}
