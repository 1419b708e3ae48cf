import { afterArrivals, onAbort } from '@watchnext/waiting';
import type { StageLimits } from '../pipeline/executor';
import { DependencyError, OwnLimitError } from '../pipeline/failure';
import type { Dependency } from './dependency';

/** Of the time of whoever asks: it has its answer before its stage is given up, and the write with it. */
const MOST_PATIENCE = 0.9;

export interface LateWritesOptions {
  /** How long an answer waits for its write. */
  readonly patienceMs: number;
  /** A write that is not confirmed by then, its answer given long ago, is given up: what waits here is bounded. */
  readonly limitMs: number;
  /** So many may be late at once; one more fails. */
  readonly most: number;
}

/** Writes that an answer waits for, but not for long: one that is late goes on after the answer, by itself. */
export class LateWrites {
  private lateCount = 0;

  constructor(
    private readonly dependency: Dependency,
    private readonly options: LateWritesOptions,
  ) {}

  /**
   * @param attempt is to give up when its signal is aborted
   * @param onLost told what a late write failed with
   * @throws what it fails with before it is late; DependencyError where as many are late as may be
   */
  async write(
    attempt: (signal: AbortSignal) => Promise<void>,
    { deadlineAtMs, signal, isHurried }: StageLimits,
    onLost: (error: unknown) => void,
  ): Promise<'confirmed' | 'late'> {
    const { patienceMs, most } = this.options;
    // One that waits is dropped with its stage: written later, it would be of an answer that nobody got, or counted as lost.
    const dropped = new AbortController();
    const ignore = onAbort(signal, () => dropped.abort(signal.reason));
    const written = this.withinLimit(attempt, dropped, isHurried);
    const leftMs = MOST_PATIENCE * (deadlineAtMs - Date.now());
    if (await endsWithin(written, Math.min(patienceMs, leftMs)).finally(ignore)) return 'confirmed';
    if (this.lateCount === most) {
      const tooMany = new DependencyError(this.dependency.name, 'dependency-late', `${most} writes are late already`);
      dropped.abort(tooMany);
      throw tooMany;
    }
    this.lateCount += 1;
    written.catch(onLost).finally(() => (this.lateCount -= 1));
    return 'late';
  }

  private async withinLimit(
    attempt: (signal: AbortSignal) => Promise<void>,
    dropped: AbortController,
    isHurried: boolean,
  ): Promise<void> {
    const { limitMs } = this.options;
    const giveUp = () => dropped.abort(new OwnLimitError(this.dependency.name, limitMs));
    const stopTimer = afterArrivals(giveUp, limitMs);
    const limits = { deadlineAtMs: Date.now() + limitMs, signal: dropped.signal, isHurried };
    await this.dependency.once(attempt, limits).finally(stopTimer);
  }
}

/** Whether it ended by then. @throws what it fails with by then */
function endsWithin(work: Promise<void>, ms: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const stopTimer = afterArrivals(() => resolve(false), ms);
    work.then(() => resolve(true), reject).finally(stopTimer);
  });
}
