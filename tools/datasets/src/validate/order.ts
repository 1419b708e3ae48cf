import { count } from '../read/words';
import type { Check, UserLog } from './check';
import { type Finding, judge, percent, share } from './finding';

/** Events that come after later ones of the same user. The reducer sorts them in, but lists ranked meanwhile did not know them. */
export class OrderCheck implements Check {
  private eventCount = 0;
  private lateCount = 0;
  private longestMs = 0;

  see({ events }: UserLog): void {
    let newestMs = -Infinity;
    for (const { event } of events) {
      this.eventCount += 1;
      const lateMs = newestMs - event.occurredAtMs;
      if (lateMs > 0) {
        this.lateCount += 1;
        this.longestMs = Math.max(this.longestMs, lateMs);
      }
      newestMs = Math.max(newestMs, event.occurredAtMs);
    }
  }

  findings(): Finding[] {
    const late = share(this.lateCount, this.eventCount);
    const verdict = judge(late, 0.01, 0.1);
    return [
      {
        check: 'order',
        verdict,
        found: `${percent(late)} of ${count(this.eventCount)} events come after a later one of their user, by up to ${count(Math.round(this.longestMs / 1_000))} s`,
        advice: verdict === 'ok' ? '' : 'Sort the log by time before it is sent: npm run import does so.',
        numbers: { lateShare: late, longestLatenessSeconds: this.longestMs / 1_000 },
      },
    ];
  }
}
