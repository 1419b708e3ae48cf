import { DAY_MS } from '@watchnext/features';

/** Of the world's time, since its history ended: beyond that all that was new or liked then is long past. */
export const LONGEST_DAYS_SINCE = 366;

/**
 * The time of the world beside the time of the clock. They are one until the world's history ends; from there the world's
 * runs `speed` times as fast. Events are told with the clock's time, since a collector takes none from the future; who
 * comes, what it likes, what is new and what is forgotten goes by the world's. No state: a process that starts later
 * finds the world where an uninterrupted one would.
 */
export class WorldClock {
  /** @param fromMs when the world's time begins to run at its own speed: the end of its history */
  constructor(
    private readonly fromMs: number,
    readonly speed: number,
    private readonly now: () => number = Date.now,
  ) {}

  get nowMs(): number {
    return this.worldMsAt(this.now());
  }

  /** Of the world's time, since its history ended. */
  get daysSince(): number {
    return (this.nowMs - this.fromMs) / DAY_MS;
  }

  worldMsAt(clockMs: number): number {
    return clockMs <= this.fromMs ? clockMs : this.fromMs + (clockMs - this.fromMs) * this.speed;
  }

  clockMsAt(worldMs: number): number {
    return worldMs <= this.fromMs ? worldMs : this.fromMs + (worldMs - this.fromMs) / this.speed;
  }
}
