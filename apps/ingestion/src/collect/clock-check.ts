/**
 * Whether this machine's clock is right, by those of the feature store's servers. A collector whose clock is minutes behind would
 * refuse every live event for good, as one that lies in the future.
 *
 * A server's clock may be the wrong one. So a collector takes itself for unfit only where an event said the same as all servers:
 * a store whose clock jumped ahead takes no collector away from those whose events are of now.
 */
import type { FeatureStore } from '@watchnext/feature-store';
import { type Logger, RepeatedReading } from '@watchnext/service';
import { METRICS, type Metrics } from '../metrics';

const ASK_MS = 60_000;
/** Clocks that are kept by NTP differ by milliseconds; an answer takes seconds at most. */
const ALLOWED_MS = 60_000;

export interface ClockCheckParts {
  readonly store: Pick<FeatureStore, 'clocksMs'>;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock?: () => number;
}

export class ClockCheck extends RepeatedReading<number | undefined> {
  /** How far this clock is ahead. */
  private offsetMs: number | undefined;
  private isOff = false;
  private hasTurnedAway = false;
  private readonly logger: Logger;

  constructor({ store, metrics, logger, clock = Date.now }: ClockCheckParts) {
    const unknown = 'cannot tell whether the clock is right';
    super({ read: () => offsetTo(store, clock), everyMs: ASK_MS, logger, unknown });
    this.logger = logger;
    metrics.gauge(METRICS.clockOffset, () => (this.offsetMs ?? NaN) / 1_000);
  }

  /** How far this clock is behind, where that is more than a minute; else 0. */
  behindMs(): number {
    return this.isOff ? Math.max(0, -(this.offsetMs ?? 0)) : 0;
  }

  /** An event was found that lies in the future of this clock alone. */
  onTurnedAway(): void {
    this.hasTurnedAway = true;
  }

  /** Why events are better sent to others; empty where they are not. */
  unfitness(): string[] {
    const behindMs = this.behindMs();
    return this.hasTurnedAway && behindMs > 0 ? [`the clock is ${Math.round(behindMs / 1_000)} s behind`] : [];
  }

  protected learn(offsetMs: number | undefined): void {
    const wasOff = this.isOff;
    this.offsetMs = offsetMs;
    this.isOff = offsetMs !== undefined && Math.abs(offsetMs) > ALLOWED_MS;
    if (!this.isOff) this.hasTurnedAway = false;
    if (offsetMs === undefined || this.isOff === wasOff) return;
    const facts = { offsetSeconds: Math.round(offsetMs / 1_000) };
    const { logger } = this;
    if (!this.isOff) logger.info(facts, 'the clock agrees with the feature store again');
    else if (offsetMs < 0) logger.error(facts, 'the clock is behind that of the feature store: set one of them');
    else logger.error(facts, 'the clock is ahead of that of the feature store: set one of them');
  }
}

/** How far a clock is ahead of the servers'; undefined where none tells. */
async function offsetTo(store: ClockCheckParts['store'], clock: () => number): Promise<number | undefined> {
  const askedAtMs = clock();
  const clocksMs = await store.clocksMs();
  // When they answered, within half of the time that it took.
  const nowMs = (askedAtMs + clock()) / 2;
  return smallest(clocksMs.map((clockMs) => nowMs - clockMs));
}

/** Of several servers one may be wrong. */
function smallest(offsetsMs: readonly number[]): number | undefined {
  return offsetsMs.length === 0 ? undefined : offsetsMs.reduce((a, b) => (Math.abs(b) < Math.abs(a) ? b : a));
}
