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
   * @param signal aborted while rows wait for their thread, they are not computed
   * @returns [rowCount, outputSize]
   * @throws RangeError for arrays that do not fit; Error once closed; the signal's reason
   */
  run(user: Float32Array, videos: Float32Array, rowCount: number, signal?: AbortSignal): Promise<Float32Array>;
  /**
   * The same, of rows that are written while the first of them are computed. A row's bits are those that `run` gives.
   * @param videos [rows, videoSize], to be written; on shared memory, threads that compute need not be sent it
   */
  begin(user: Float32Array, videos: Float32Array, signal?: AbortSignal): TowerRun;
  close(): Promise<void>;
}

/** One user's candidates on their way through a tower. Whoever began it ends it. */
export interface TowerRun {
  /**
   * Hands over the rows before `rowCount` that were not yet: they are written, and must not change until the run has ended.
   * @throws RangeError if more were
   */
  advance(rowCount: number): void;
  /**
   * @returns [rowCount, outputSize] of all rows handed over
   * @throws as `run`
   */
  logits(): Promise<Float32Array>;
  /** Fulfils, whatever became of the run, when no row of it is read any more; what still waits is not computed. */
  end(): Promise<void>;
}

/** A run in the parts that it is handed over in, each computed by itself. */
export class PartedRun implements TowerRun {
  private readonly parts: Promise<Float32Array>[] = [];
  private rowCount = 0;
  private isOver = false;

  /**
   * @param videos [rows, videoSize]
   * @param compute gives the logits of rows, [rowCount, outputSize]
   * @param onOver called once, when the run needs the tower no more
   * @param giveUp called where the run ends before its logits: parts that were not begun are to fail
   */
  constructor(
    private readonly videos: Float32Array,
    private readonly videoSize: number,
    private readonly compute: (rows: Float32Array, rowCount: number) => Promise<Float32Array>,
    private readonly onOver: () => void = () => undefined,
    private readonly giveUp: () => void = () => undefined,
  ) {}

  advance(rowCount: number): void {
    const { videos, videoSize, rowCount: from } = this;
    if (rowCount === from) return;
    if (!(rowCount > from)) throw new RangeError(`${rowCount} rows where ${from} are on their way`);
    const part = this.compute(videos.subarray(from * videoSize, rowCount * videoSize), rowCount - from);
    // Whoever asks for the logits hears of it; until then nobody may be listening.
    part.catch(() => undefined);
    this.parts.push(part);
    this.rowCount = rowCount;
  }

  async logits(): Promise<Float32Array> {
    try {
      const [first, ...others] = await Promise.all(this.parts);
      return first === undefined || others.length === 0 ? (first ?? new Float32Array(0)) : joined([first, ...others]);
    } finally {
      this.over();
    }
  }

  async end(): Promise<void> {
    if (!this.isOver) this.giveUp();
    await Promise.allSettled(this.parts);
    this.over();
  }

  private over(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.onOver();
  }
}

function joined(arrays: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    whole.set(array, at);
    at += array.length;
  }
  return whole;
}
