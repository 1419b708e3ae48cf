/** What counting alone achieves: the floor that a learned model must beat. */
import { actualSeconds } from './calibration';
import { type LabelledImpression, LOSS_WATCH_CAP_SECONDS } from './weighted-per-user-loss';

/** Observations that the global mean weighs in an item's mean. */
const PRIOR_WEIGHT = 20;

/** Mean of a value by key, shrunk toward the global mean as if each key had been seen `priorWeight` times at it. */
export class ShrunkenMeans {
  private readonly sums = new Map<string, { total: number; count: number }>();
  private total = 0;
  private count = 0;

  constructor(private readonly priorWeight = PRIOR_WEIGHT) {}

  add(key: string, value: number): void {
    let sum = this.sums.get(key);
    if (!sum) this.sums.set(key, (sum = { total: 0, count: 0 }));
    sum.total += value;
    sum.count += 1;
    this.total += value;
    this.count += 1;
  }

  /** The global mean for an unknown key; NaN before anything was added. */
  mean(key: string): number {
    const global = this.total / this.count;
    const sum = this.sums.get(key);
    return sum ? (sum.total + this.priorWeight * global) / (sum.count + this.priorWeight) : global;
  }

  /** Observations that `mean` is of, the global mean's among them. */
  weight(key: string): number {
    return (this.sums.get(key)?.count ?? 0) + this.priorWeight;
  }
}

export interface CountedImpression extends LabelledImpression {
  readonly videoId: string;
  readonly surface: string;
}

/** Names of the scorers that `CountingBaselines` gives. */
export const COUNTING_SCORERS = [
  'item expected watch time',
  'item click rate',
  'item expected watch time x surface odds',
  'item click rate x surface odds',
] as const;
export type CountingScorer = (typeof COUNTING_SCORERS)[number];

/** A ranking example as the metrics see it. */
export function countedImpression(
  example: LabelledImpression & {
    readonly video: { readonly videoId: string };
    readonly user: { readonly surface: string };
  },
): CountedImpression {
  const { userId, pageId, servedAtMs, clicked, watchSeconds, video, user } = example;
  return { userId, pageId, servedAtMs, clicked, watchSeconds, videoId: video.videoId, surface: user.surface };
}

/**
 * Those that know the video alone: what the gate asks ranking to beat. The ones with surface odds are shown beside it as
 * the stronger bar. They order by about E[T]/(1 - P), and that is the order which the weighted per-user loss is smallest
 * for: putting i above j costs T_j·P_j·(1 - P_i), so i belongs above j where T_i·P_i/(1 - P_i) is larger. While clicks
 * are rare it is the order by E[T] that we serve; at KuaiRand's click rate of 44% it is another one.
 */
export const ITEM_SCORERS = [
  'item expected watch time',
  'item click rate',
] as const satisfies readonly CountingScorer[];

/**
 * Means of the training impressions, which are added one by one: click rate and watch seconds per impression of the video, and click rate of
 * the surface.
 */
export class CountingBaselines {
  private readonly clickRate = new ShrunkenMeans();
  private readonly expectedWatchSeconds = new ShrunkenMeans();
  private readonly seconds = new ShrunkenMeans();
  private readonly surfaceClickRate = new ShrunkenMeans();

  static of(training: Iterable<CountedImpression>): CountingBaselines {
    const counts = new CountingBaselines();
    for (const impression of training) counts.add(impression);
    return counts;
  }

  add(impression: CountedImpression): void {
    const { videoId, surface, clicked, watchSeconds } = impression;
    this.clickRate.add(videoId, clicked ? 1 : 0);
    this.expectedWatchSeconds.add(videoId, clicked ? Math.min(watchSeconds, LOSS_WATCH_CAP_SECONDS) : 0);
    this.seconds.add(videoId, actualSeconds(impression));
    this.surfaceClickRate.add(surface, clicked ? 1 : 0);
  }

  /**
   * Scores held-out impressions by these means, alone and multiplied by the click odds of the surface. All are finite.
   *
   * @returns by scorer, one score per held-out impression; watch time counts as far as the loss counts it
   */
  scores(heldOut: readonly CountedImpression[]): Record<CountingScorer, Float64Array> {
    const { clickRate, expectedWatchSeconds, surfaceClickRate } = this;
    // Where all that was shown was watched, as autoplay has it, odds would be infinite and, times 0 s, no number.
    const odds = (surface: string) => {
      const probability = Math.min(surfaceClickRate.mean(surface), 1 - 1 / (surfaceClickRate.weight(surface) + 1));
      return probability / (1 - probability);
    };
    const score = (of: (impression: CountedImpression) => number) => Float64Array.from(heldOut, of);
    return {
      'item expected watch time': score(({ videoId }) => expectedWatchSeconds.mean(videoId)),
      'item click rate': score(({ videoId }) => clickRate.mean(videoId)),
      'item expected watch time x surface odds': score(
        ({ videoId, surface }) => expectedWatchSeconds.mean(videoId) * odds(surface),
      ),
      'item click rate x surface odds': score(({ videoId, surface }) => clickRate.mean(videoId) * odds(surface)),
    };
  }

  /** What an item's impressions earn on average, as the labels have it: the seconds that `watchTimeMae` holds a model's against. */
  itemMeanSeconds(heldOut: readonly CountedImpression[]): Float64Array {
    return Float64Array.from(heldOut, ({ videoId }) => this.seconds.mean(videoId));
  }
}
