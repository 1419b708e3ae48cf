import type { Check, UserLog } from './check';
import { count, type Finding, judge, percent, share } from './finding';

/** Fewer are a trial, in which each has a large share. */
const FEWEST_USERS = 100;

/** A user with much of the log: mostly everybody without an id. */
export class LargestUserCheck implements Check {
  private eventCount = 0;
  private userCount = 0;
  private largest: { readonly userId: string; readonly eventCount: number } | undefined;

  see({ userId, events }: UserLog): void {
    this.userCount += 1;
    this.eventCount += events.length;
    if (events.length > (this.largest?.eventCount ?? 0)) this.largest = { userId, eventCount: events.length };
  }

  findings(): Finding[] {
    const { userId, eventCount } = this.largest ?? { userId: '', eventCount: 0 };
    const largest = share(eventCount, this.eventCount);
    const verdict = this.userCount < FEWEST_USERS ? 'ok' : judge(largest, 0.01, 0.2);
    return [
      {
        check: 'largest user',
        verdict,
        found: `${percent(largest)} of ${count(this.eventCount)} events are of one user, ${JSON.stringify(userId)}`,
        advice:
          verdict === 'ok'
            ? ''
            : 'Its history is nobody’s. Is it everybody without an id? Leave such events out, or give each session an id.',
        numbers: { share: largest },
      },
    ];
  }
}
