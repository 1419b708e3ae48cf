import { count } from '../read/words';
import type { Check, UserLog } from './check';
import { type Finding, judge, percent, share } from './finding';

/** What is there twice: events by id (harmless where they are dropped), and what looks like one watch under two ids. */
export class DuplicateCheck implements Check {
  private eventCount = 0;
  private droppedCount = 0;
  private countedAgain = 0;
  private impressionCount = 0;
  private repeatedImpressions = 0;
  private playbackCount = 0;
  private repeatedPlaybacks = 0;

  see({ events, repetitions }: UserLog): void {
    this.eventCount += events.length + repetitions.droppedCount;
    this.droppedCount += repetitions.droppedCount;
    this.countedAgain += repetitions.countedAgain;
    const impressions = new Set<string>();
    /** By video and moment, the playback that was there first. */
    const playbacks = new Map<string, string>();
    for (const { event } of events) {
      const { body } = event;
      if (body?.$case === 'impressionsServed') {
        for (const { impressionId } of body.value.items) {
          this.impressionCount += 1;
          if (impressions.has(impressionId)) this.repeatedImpressions += 1;
          impressions.add(impressionId);
        }
      } else if (body?.$case === 'watch') {
        const { videoId, playbackId } = body.value;
        const moment = `${videoId}\n${event.occurredAtMs}`;
        const first = playbacks.get(moment);
        this.playbackCount += 1;
        if (first === undefined) playbacks.set(moment, playbackId);
        else if (first !== playbackId) this.repeatedPlaybacks += 1;
      }
    }
  }

  findings(): Finding[] {
    const dropped = share(this.droppedCount, this.eventCount);
    const again = share(this.countedAgain, this.eventCount);
    const impressions = share(this.repeatedImpressions, this.impressionCount);
    const playbacks = share(this.repeatedPlaybacks, this.playbackCount);
    const finding = (
      check: string,
      value: number,
      found: string,
      advice: string,
      limits: [number, number],
    ): Finding => {
      const verdict = judge(value, ...limits);
      return {
        check,
        verdict,
        found: `${percent(value)} ${found}`,
        advice: verdict === 'ok' ? '' : advice,
        numbers: { share: value },
      };
    };
    return [
      finding(
        'duplicate events',
        dropped,
        `of ${count(this.eventCount)} events have an id that their user had before`,
        'They are dropped, and cost only time. Does a producer send everything twice?',
        // Nothing that is learned suffers.
        [0.05, Infinity],
      ),
      finding(
        'events that count twice',
        again,
        `of ${count(this.eventCount)} events are of a backfill that was sent again after their user's ids were forgotten`,
        'Import a history once: an import that was cut off goes on by itself, and --anew is for a system that was emptied.',
        [0.001, 0.05],
      ),
      finding(
        'duplicate impressions',
        impressions,
        `of ${count(this.impressionCount)} impressions have an id that was used before`,
        'Only the first one counts. Give each item of each list an id of its own.',
        [0.001, 0.05],
      ),
      finding(
        'duplicate watches',
        playbacks,
        `of ${count(this.playbackCount)} watches are of the same user, video and moment as another playback`,
        'They count twice in training. Remove repeated rows, or report one playback under one playback id.',
        [0.005, 0.05],
      ),
    ];
  }
}
