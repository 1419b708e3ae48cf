import { isCompleted, LIMITS } from '@watchnext/features';
import { count } from '../read/words';
import type { Check, LogFacts, UserLog } from './check';
import { type Finding, judge, percent, share } from './finding';

/** Watches of what the user's history holds: lists leave such videos out, and candidates learn nothing of them (decision 202). */
export class RewatchCheck implements Check {
  private completedCount = 0;
  private rewatchCount = 0;

  constructor(private readonly facts: LogFacts) {}

  see({ playbacks }: UserLog): void {
    const completed = playbacks
      .filter(({ videoId, positionSeconds, durationSeconds }) =>
        isCompleted({
          watchSeconds: positionSeconds,
          durationSeconds: durationSeconds || (this.facts.catalogue.get(videoId)?.durationSeconds ?? 0),
        }),
      )
      .toSorted((a, b) => a.occurredAtMs - b.occurredAtMs);
    const history: string[] = [];
    for (const { videoId } of completed) {
      this.completedCount += 1;
      if (history.includes(videoId)) this.rewatchCount += 1;
      history.push(videoId);
      if (history.length > LIMITS.newestCompleted) history.shift();
    }
  }

  findings(): Finding[] {
    const rewatched = share(this.rewatchCount, this.completedCount);
    const verdict = judge(rewatched, 0.2, Infinity);
    return [
      {
        check: 'watched again',
        verdict,
        found: `${percent(rewatched)} of ${count(this.completedCount)} completed watches are of a video among the last ${LIMITS.newestCompleted} that their user completed`,
        advice:
          verdict === 'ok'
            ? ''
            : 'Lists leave such videos out, and candidates do not learn from these watches. Do people come back to what they know, as to songs? ' +
              'Or is one playback reported under several playback ids?',
        numbers: { rewatchShare: rewatched },
      },
    ];
  }
}
