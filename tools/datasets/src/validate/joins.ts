import type { Watch } from '@watchnext/contract';
import { count } from '../read/words';
import type { Check, UserLog } from './check';
import { type Finding, judge, percent, share, type Verdict } from './finding';

const JOIN_WINDOW_MS = 86_400_000;
/** A watch so shortly before the list that shows its video is the same watch in another guise. */
const ECHO_MS = 3_600_000;

interface Shown {
  readonly videoId: string;
  readonly servedAtMs: number;
  readonly offset: number;
}

/**
 * Whether watches find the impressions that they name, whether there are both watched and unwatched ones, and whether a
 * label was known before the list that it belongs to was ranked.
 */
export class JoinCheck implements Check {
  private watchCount = 0;
  private namingCount = 0;
  private joinedCount = 0;
  private impressionCount = 0;
  private clickedCount = 0;
  private foldedBefore = 0;
  private echoed = 0;

  see({ events }: UserLog): void {
    const shown = new Map<string, Shown>();
    for (const { event, offset } of events) {
      if (event.body?.$case !== 'impressionsServed') continue;
      for (const { impressionId, videoId } of event.body.value.items)
        shown.set(impressionId, { videoId, servedAtMs: event.occurredAtMs, offset });
    }
    this.impressionCount += shown.size;
    const clicked = new Set<string>();
    /** By video, times of playbacks that name no impression. */
    const elsewhere = new Map<string, number[]>();
    const joined: { watch: Watch; shown: Shown; offset: number }[] = [];
    for (const { event, offset } of events) {
      if (event.body?.$case !== 'watch') continue;
      const watch = event.body.value;
      this.watchCount += 1;
      if (watch.impressionId === '') {
        const times = elsewhere.get(watch.videoId);
        if (times === undefined) elsewhere.set(watch.videoId, [event.occurredAtMs]);
        else times.push(event.occurredAtMs);
        continue;
      }
      this.namingCount += 1;
      const found = shown.get(watch.impressionId);
      if (found?.videoId !== watch.videoId || Math.abs(event.occurredAtMs - found.servedAtMs) > JOIN_WINDOW_MS)
        continue;
      this.joinedCount += 1;
      if (clicked.has(watch.impressionId)) continue;
      clicked.add(watch.impressionId);
      joined.push({ watch, shown: found, offset });
    }
    this.clickedCount += clicked.size;
    for (const times of elsewhere.values()) times.sort((one, other) => one - other);
    for (const { watch, shown: found, offset } of joined) {
      if (offset < found.offset) this.foldedBefore += 1;
      const latestMs = latestUpTo(elsewhere.get(watch.videoId) ?? [], found.servedAtMs);
      if (latestMs !== undefined && latestMs > found.servedAtMs - ECHO_MS) this.echoed += 1;
    }
  }

  findings(): Finding[] {
    const joinRate = share(this.joinedCount, this.namingCount);
    const clickRate = share(this.clickedCount, this.impressionCount);
    const leaked = share(this.foldedBefore + this.echoed, this.clickedCount);
    return [
      this.joinFinding(joinRate),
      this.clickFinding(clickRate),
      {
        check: 'leak of the label',
        verdict: judge(leaked, 0.001, 0.01),
        found: `of ${count(this.clickedCount)} watched impressions ${count(this.foldedBefore)} stand behind their own watch in the log, and ${count(this.echoed)} follow within an hour on a watch of the same video from elsewhere`,
        advice:
          leaked > 0.001
            ? 'The history then holds the answer. Write lists before their watches, and do not import the same watches once with and once without impressions.'
            : '',
        numbers: { leakedShare: leaked, foldedBefore: this.foldedBefore, echoed: this.echoed },
      },
    ];
  }

  private joinFinding(joinRate: number): Finding {
    const numbers = { joinRate, watchesWithoutImpression: this.watchCount - this.namingCount };
    if (this.namingCount === 0)
      return {
        check: 'watches joined to impressions',
        verdict: 'warning',
        found: `none of ${count(this.watchCount)} watches names an impression`,
        advice:
          'Ranking learns from what was shown and left. Log impressions (impressionsServed) and give their ids with the watches; npm run import draws lists for logs without.',
        numbers,
      };
    const verdict = judge(1 - joinRate, 0.05, 0.5);
    return {
      check: 'watches joined to impressions',
      verdict,
      found: `${percent(joinRate)} of ${count(this.namingCount)} watches that name an impression find it, of the same user and video, within 24 hours`,
      advice:
        verdict === 'ok'
          ? ''
          : 'Do impressions and watches carry the same ids, under the same user id, also after login?',
      numbers,
    };
  }

  private clickFinding(clickRate: number): Finding {
    let verdict: Verdict = 'ok';
    let advice = '';
    if (this.impressionCount > 0 && (clickRate === 0 || clickRate === 1)) {
      verdict = 'failure';
      advice = 'Ranking needs impressions that were watched and such that were not: are both logged?';
    } else if (clickRate > 0.9 || (this.impressionCount > 0 && clickRate < 0.001)) {
      verdict = 'warning';
      advice = 'An unusual share: are impressions logged when they are shown, not only when they are clicked?';
    }
    return {
      check: 'impressions watched',
      verdict,
      found: `${percent(clickRate)} of ${count(this.impressionCount)} impressions were watched`,
      advice,
      numbers: { clickRate, impressions: this.impressionCount },
    };
  }
}

/** @param times ascending @returns the last one that is not later */
function latestUpTo(times: readonly number[], atMs: number): number | undefined {
  let [from, to] = [0, times.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (times[middle] <= atMs) from = middle + 1;
    else to = middle;
  }
  return times[from - 1];
}
