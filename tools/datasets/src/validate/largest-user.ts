import { CROWD_QUESTION, mayBeCrowd } from '../read/crowd';
import { count } from '../read/words';
import type { Check, UserLog } from './check';
import { type Finding, percent, share, type Verdict } from './finding';

/** So large a share of the log spoils what is learned of all others; of fewer users it is a trial, in which somebody may have it. */
const SPOILING = { share: 0.2, fewestUsers: 100 };

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
    const verdict = this.judge(largest);
    return [
      {
        check: 'largest user',
        verdict,
        found: `${percent(largest)} of ${count(this.eventCount)} events are of one user, ${JSON.stringify(userId)}`,
        advice: verdict === 'ok' ? '' : `Its history is nobody’s: ${CROWD_QUESTION}.`,
        numbers: { share: largest },
      },
    ];
  }

  private judge(largest: number): Verdict {
    if (!mayBeCrowd(largest, this.userCount)) return 'ok';
    return largest > SPOILING.share && this.userCount >= SPOILING.fewestUsers ? 'failure' : 'warning';
  }
}
