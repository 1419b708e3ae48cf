import { LIMITS } from '@watchnext/features';
import { count } from '../read/words';
import type { Check, LogFacts, UserLog } from './check';
import { type Finding, judge, percent, share } from './finding';

/** Producers' clocks beside the collector's. A backfill has only one, so for it only the future tells. */
export class ClockCheck implements Check {
  private eventCount = 0;
  private liveCount = 0;
  private aheadCount = 0;
  private staleCount = 0;
  private futureCount = 0;

  constructor(private readonly facts: LogFacts) {}

  see({ events }: UserLog): void {
    for (const { event } of events) {
      this.eventCount += 1;
      if (event.occurredAtMs > this.facts.nowMs + LIMITS.clockAheadMs) this.futureCount += 1;
      if (event.backfill) continue;
      this.liveCount += 1;
      const delayMs = event.receivedAtMs - event.occurredAtMs;
      if (delayMs < -LIMITS.clockAheadMs) this.aheadCount += 1;
      else if (delayMs > LIMITS.eventAgeMs) this.staleCount += 1;
    }
  }

  findings(): Finding[] {
    const skewed = share(this.aheadCount + this.staleCount, this.liveCount);
    const future = share(this.futureCount, this.eventCount);
    const verdict = future > 0.01 ? 'failure' : future > 0 ? 'warning' : judge(skewed, 0.01, 0.2);
    return [
      {
        check: 'clock skew',
        verdict,
        found: `${count(this.futureCount)} events lie in the future; of ${count(this.liveCount)} live events ${percent(skewed)} came more than 5 minutes before they happened, or a day after`,
        advice:
          verdict === 'ok'
            ? ''
            : 'Set the clocks of the producers, or take the time from a server. Are seconds and milliseconds mixed?',
        numbers: { futureEvents: this.futureCount, skewedShare: skewed },
      },
    ];
  }
}
