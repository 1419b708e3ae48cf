import { LIMITS } from '@watchnext/features';
import { median } from '@watchnext/learning';
import { count } from '../read/words';
import type { Check, LogFacts, UserLog } from './check';
import { type Finding, judge, percent, share } from './finding';

/** A loop may play a short video several times; beyond that a number is of another unit, or a player that never stopped. */
const MOST_LOOPS = 20;
/** Kept for quantiles: of the first so many watches. */
const SAMPLE = 200_000;

export class WatchTimeCheck implements Check {
  private watchCount = 0;
  private impossible = 0;
  private zero = 0;
  private knownDuration = 0;
  private readonly seconds: number[] = [];

  constructor(private readonly facts: LogFacts) {}

  see({ playbacks }: UserLog): void {
    for (const { positionSeconds, videoId, durationSeconds: reportedSeconds } of playbacks) {
      const durationSeconds = reportedSeconds || (this.facts.catalogue.get(videoId)?.durationSeconds ?? 0);
      const isKnown = durationSeconds > 0;
      this.watchCount += 1;
      if (isKnown) this.knownDuration += 1;
      if (positionSeconds > LIMITS.labelWatchSeconds || (isKnown && positionSeconds > MOST_LOOPS * durationSeconds))
        this.impossible += 1;
      if (positionSeconds === 0) this.zero += 1;
      if (this.seconds.length < SAMPLE) this.seconds.push(positionSeconds);
    }
  }

  findings(): Finding[] {
    const impossible = share(this.impossible, this.watchCount);
    const zero = share(this.zero, this.watchCount);
    const { seconds } = this;
    const middle = seconds.length > 0 ? median(seconds) : 0;
    const isConstant = seconds.length > 1 && seconds.every((one) => one === seconds[0]);
    const unknown = 1 - share(this.knownDuration, this.watchCount);
    return [
      {
        check: 'watch times',
        verdict: judge(impossible, 0.001, 0.05),
        found: `${percent(impossible)} of ${count(this.watchCount)} watches last longer than three hours or ${MOST_LOOPS} times their video; the median is ${middle.toFixed(0)} s`,
        advice:
          impossible > 0.001
            ? 'Are milliseconds taken for seconds? Does the player report pauses and sleep as watching?'
            : '',
        numbers: { impossibleShare: impossible, medianSeconds: middle },
      },
      {
        check: 'watch times differ',
        verdict: isConstant ? 'warning' : judge(zero, 0.3, 0.95),
        found: isConstant ? `all watches last ${middle} s` : `${percent(zero)} of watches last 0 s`,
        advice: isConstant
          ? 'Ranking then orders by the chance of a watch alone: map the column with the seconds watched, or a rating.'
          : zero > 0.3
            ? 'Is the first report of a playback all that is sent? The last position is what counts.'
            : '',
        numbers: { zeroShare: zero },
      },
      {
        check: 'durations known',
        verdict: judge(unknown, 0.2, 1),
        found: `${percent(1 - unknown)} of watches are of a video whose duration is known`,
        advice:
          unknown > 0.2
            ? 'Without it, 10 seconds count as a completed watch of any video: name durationSeconds in the mapping of a table, or send it with videoUpserted.'
            : '',
        numbers: { unknownShare: unknown },
      },
    ];
  }
}
