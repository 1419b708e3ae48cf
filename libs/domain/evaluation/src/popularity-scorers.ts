import { type NextWatchScorer, watchCounts, type WatchLog, type WatchQuery } from './watch-log';

/** The same list for everyone: watches in the log. */
export function popularityScorer(log: WatchLog): NextWatchScorer {
  const counts = watchCounts(log);
  return { score: () => counts };
}

/**
 * Popularity in which a watch's weight halves with each `halfLifeMs` of its age.
 *
 * @param nowMs as of when: one list for everyone; undefined: as of each query's own time, from the watches before it,
 *   which is what a service knows at that moment, and what a held-out watch in the middle of the log must not be told
 *   more than
 * @throws RangeError for a log without times
 */
export function recentPopularityScorer(log: WatchLog, halfLifeMs: number, nowMs?: number): NextWatchScorer {
  if (!log.atMs) throw new RangeError('recent popularity needs a log with times');
  const timeline = new DecayedCounts(log, log.atMs, halfLifeMs);
  return { score: ({ atMs }: WatchQuery) => timeline.before(nowMs ?? atMs) };
}

/** Running sums of weights that grow with time, scaled back before they overflow: only their order counts. */
class DecayedCounts {
  private readonly order: Int32Array;
  private readonly counts: Float64Array;
  private next = 0;
  private reachedMs = -Infinity;
  private originMs: number;

  constructor(
    private readonly log: WatchLog,
    private readonly atMs: Float64Array,
    private readonly halfLifeMs: number,
  ) {
    this.order = Int32Array.from(atMs.keys()).sort((a, b) => atMs[a] - atMs[b] || a - b);
    this.counts = new Float64Array(log.videoIds.length);
    this.originMs = this.order.length > 0 ? atMs[this.order[0]] : 0;
  }

  before(moment: number): Float64Array {
    if (moment < this.reachedMs) this.restart();
    this.reachedMs = moment;
    for (; this.next < this.order.length; this.next += 1) {
      const watch = this.order[this.next];
      if (this.atMs[watch] >= moment) break;
      let halvings = (this.atMs[watch] - this.originMs) / this.halfLifeMs;
      if (halvings > MOST_HALVINGS) {
        this.counts.forEach((count, video) => (this.counts[video] = count * 2 ** -halvings));
        this.originMs = this.atMs[watch];
        halvings = 0;
      }
      this.counts[this.log.videos[watch]] += 2 ** halvings;
    }
    return this.counts;
  }

  private restart(): void {
    this.counts.fill(0);
    this.next = 0;
    this.originMs = this.order.length > 0 ? this.atMs[this.order[0]] : 0;
  }
}

/** 2^500 leaves room for sums below the largest double, about 2^1024. */
const MOST_HALVINGS = 500;
