/**
 * Runs a ranker written by `encodeRanker`: the first layer's product with the user's columns once a run, with the video's
 * columns once a candidate, and their sum into the rest of the tower. A request is several runs where its rows come in parts
 * (`PartedRun`): each multiplies the user's columns anew.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { OUTPUT_NAME, USER_INPUT_NAME, VIDEO_INPUT_NAME } from './encode-onnx';
import { createSession, widthOf } from './session';
import { PartedRun, type RankerTower, type TowerRun } from './tower';

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
  /** Where rows on shared memory are copied to for a run: onnxruntime's binding takes none from there. */
  private scratch = new Float32Array(0);
  /** Settles when the last run so far has. */
  private lastRun: Promise<unknown> = Promise.resolve();

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

  begin(user: Float32Array, videos: Float32Array): TowerRun {
    return new PartedRun(videos, this.videoSize, (rows, rowCount) => this.run(user, rows, rowCount));
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

  /** Frees the native session, once the run under way is done; those that wait for it fail. Closing twice does nothing. */
  async close(): Promise<void> {
    const session = this.session;
    this.session = undefined;
    await this.lastRun;
    await session?.release();
  }

  /** One after the other: a run begins a turn of the event loop after it is called, and its rows lie in the scratch until then. */
  private compute(
    users: Float32Array,
    userCount: number,
    videos: Float32Array,
    rowCount: number,
  ): Promise<Float32Array> {
    const run = this.lastRun.then(() => this.computeNow(users, userCount, videos, rowCount));
    this.lastRun = run.catch(() => undefined);
    return run;
  }

  private async computeNow(
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
    const rows = this.unshared(videos.subarray(0, rowCount * videoSize));
    const outputs = await this.session.run({
      [USER_INPUT_NAME]: new Tensor('float32', users.subarray(0, userCount * userSize), [userCount, userSize]),
      [VIDEO_INPUT_NAME]: new Tensor('float32', rows, [rowCount, videoSize]),
    });
    return outputs[OUTPUT_NAME]!.data as Float32Array;
  }

  private unshared(values: Float32Array): Float32Array {
    if (values.buffer[Symbol.toStringTag] !== 'SharedArrayBuffer') return values;
    if (this.scratch.length < values.length) this.scratch = new Float32Array(values.length);
    this.scratch.set(values);
    return this.scratch.subarray(0, values.length);
  }
}
