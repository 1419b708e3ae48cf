/**
 * Runs a ranker written by `encodeRanker`: the first layer's product with the user's columns once a request, with the
 * video's columns once a candidate, and their sum into the rest of the tower.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { OUTPUT_NAME, USER_INPUT_NAME, VIDEO_INPUT_NAME } from './encode-onnx';
import { createSession, widthOf } from './session';

/** What ranking needs of a loaded ranker, wherever it computes. */
export interface RankerTower {
  readonly userSize: number;
  /** Columns of a row that belong to the candidate. */
  readonly videoSize: number;
  readonly outputSize: number;
  /**
   * Scores the candidates of one user.
   * @param user [userSize]
   * @param videos [rowCount, videoSize]; it may be longer, and must not change until the promise settles
   * @returns [rowCount, outputSize]
   * @throws RangeError for arrays that do not fit; Error once closed
   */
  run(user: Float32Array, videos: Float32Array, rowCount: number): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * A loaded ranker. A row's result depends neither on the other rows nor on whether its user's columns come once or with
 * every row: the spec holds both to equal bits, and the skew test of the archive relies on it.
 *
 * @example
 * const ranker = await RankerStack.load(encodeRanker(model.tower, model.userSize));
 * const logits = await ranker.run(user.columns, videoRows, candidates.length); // [rowCount]
 */
export class RankerStack implements RankerTower {
  private session: InferenceSession | undefined;

  private constructor(
    session: InferenceSession,
    readonly userSize: number,
    /** Columns of a row that belong to the candidate. */
    readonly videoSize: number,
    readonly outputSize: number,
  ) {
    this.session = session;
  }

  get inputSize(): number {
    return this.userSize + this.videoSize;
  }

  /** @throws Error if the bytes are no such model */
  static async load(model: Uint8Array, options: { readonly threads?: number } = {}): Promise<RankerStack> {
    const session = await createSession(model, options.threads ?? 1);
    try {
      const inputs = session.inputMetadata;
      return new RankerStack(
        session,
        widthOf(USER_INPUT_NAME, inputs),
        widthOf(VIDEO_INPUT_NAME, inputs),
        widthOf(OUTPUT_NAME, session.outputMetadata),
      );
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  run(user: Float32Array, videos: Float32Array, rowCount: number): Promise<Float32Array> {
    return this.compute(user, 1, videos, rowCount);
  }

  /**
   * Scores whole rows, each with a user of its own, to the bits that `run` gives.
   * @param rows [rowCount, inputSize]
   */
  async runRows(rows: Float32Array, rowCount: number): Promise<Float32Array> {
    const { userSize, videoSize, inputSize } = this;
    if (rows.length < rowCount * inputSize) {
      throw new RangeError(`${rowCount} rows of ${inputSize} do not fit an input of ${rows.length} values`);
    }
    const users = new Float32Array(rowCount * userSize);
    const videos = new Float32Array(rowCount * videoSize);
    for (let row = 0; row < rowCount; row++) {
      const from = row * inputSize;
      users.set(rows.subarray(from, from + userSize), row * userSize);
      videos.set(rows.subarray(from + userSize, from + inputSize), row * videoSize);
    }
    return this.compute(users, rowCount, videos, rowCount);
  }

  /** Frees the native session; runs under way must have settled. Closing twice does nothing. */
  async close(): Promise<void> {
    const session = this.session;
    this.session = undefined;
    await session?.release();
  }

  private async compute(
    users: Float32Array,
    userCount: number,
    videos: Float32Array,
    rowCount: number,
  ): Promise<Float32Array> {
    if (this.session === undefined) throw new Error('the ranker is closed');
    if (!Number.isInteger(rowCount) || rowCount < 0)
      throw new RangeError(`rowCount must be 0 or more, not ${rowCount}`);
    if (rowCount === 0) return new Float32Array(0);
    const { userSize, videoSize } = this;
    if (users.length < userCount * userSize || videos.length < rowCount * videoSize) {
      throw new RangeError(
        `${users.length} and ${videos.length} values do not hold ${userCount} × ${userSize} and ${rowCount} × ${videoSize}`,
      );
    }
    const outputs = await this.session.run({
      [USER_INPUT_NAME]: matrix(users, userCount, userSize),
      [VIDEO_INPUT_NAME]: matrix(videos, rowCount, videoSize),
    });
    return outputs[OUTPUT_NAME]!.data as Float32Array;
  }
}

/** onnxruntime's binding takes no shared memory: what lies there is copied. */
function matrix(values: Float32Array, rows: number, columns: number): Tensor {
  const used = values.subarray(0, rows * columns);
  const own = values.buffer[Symbol.toStringTag] === 'SharedArrayBuffer' ? used.slice() : used;
  return new Tensor('float32', own, [rows, columns]);
}
