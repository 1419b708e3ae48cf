/**
 * What a world looks like from outside and in truth: counted over the lives of some of its viewers, on impressions that
 * came into view. Beside the same counts of a real log it shows how far the world is plausible.
 */
import { DAY_MS } from '@watchnext/features';
import { mean } from '@watchnext/learning';
import { breathe } from '@watchnext/waiting';
import { LifeTeller } from './life/life';
import type { World } from './world';

const AGE_DAYS = 30;
const SHARE_BINS = 20;
/** Of a viewer, before its click rate means something. */
const LEAST_IMPRESSIONS = 20;
const RANK_POINTS = 60;
/** Prior impressions of a mean, towards that of all. */
const ITEM_PRIOR = 20;
const USER_PRIOR = 10;

export interface WorldStatistics {
  readonly impressions: number;
  readonly clickRate: number;
  readonly meanWatchSeconds: number;
  /** Standard deviation over mean of the watch seconds of an impression. */
  readonly variationOfWatchSeconds: number;
  /** Watches by days since the upload, per video of that age, relative to the first day. Empty where ages are not known. */
  readonly popularityByAge: readonly number[];
  /** Of viewers with 20 impressions or more, the share that clicks 0–5%, 5–10%, … of them. */
  readonly viewersByClickRate: readonly number[];
  /** Share of the watches that run to 0–5%, 5–10%, … of the duration; what is longer counts as the whole. */
  readonly shareWatched: readonly number[];
  /** Share of the watches that the n most watched videos have: [share of the videos, share of the watches]. */
  readonly concentration: readonly (readonly [number, number])[];
  /** Shares of the variance of watch seconds that means explain on impressions they were not taken from. */
  readonly explained: {
    readonly item: number;
    readonly user: number;
    readonly itemAndUser: number;
    /** By the truth: what no model can go beyond. Undefined for a real log. */
    readonly truth?: number;
  };
  readonly clickRateByPosition: readonly number[];
}

/** Impressions that came into view, as columns; whatever their source. */
export class ImpressionTable {
  readonly user: number[] = [];
  readonly item: number[] = [];
  readonly watchSeconds: number[] = [];
  readonly clicked: boolean[] = [];
  readonly durationSeconds: number[] = [];

  add(user: number, item: number, clicked: boolean, watchSeconds: number, durationSeconds: number): void {
    this.user.push(user);
    this.item.push(item);
    this.clicked.push(clicked);
    this.watchSeconds.push(watchSeconds);
    this.durationSeconds.push(durationSeconds);
  }
}

export interface StatisticsOptions {
  /** Every so-manieth viewer. */
  readonly stride: number;
  readonly signal: AbortSignal;
  /** Told after each viewer. */
  readonly onProgress?: (impressions: number) => void;
}

/** @throws the signal's reason once it is aborted */
export async function statisticsOf(
  world: World,
  { stride, signal, onProgress }: StatisticsOptions,
): Promise<WorldStatistics> {
  const table = new ImpressionTable();
  const teller = new LifeTeller(world);
  const { truth } = teller;
  const expected: number[] = [];
  const shown: number[] = [];
  const clicks: number[] = [];
  const byAge = new Float64Array(AGE_DAYS);
  for (let viewer = 0; viewer < world.population.count; viewer += stride) {
    if (world.population.bot[viewer] === 1) continue;
    let values: number[] = [];
    teller.tell(viewer, {
      served(page, moment, memory) {
        values = page.videos.map((video) => truth.valueAt(moment, video, memory));
      },
      viewed(page, outcome) {
        const seconds = new Map(outcome.clicks.map(({ position, watchSeconds }) => [position, watchSeconds]));
        for (let position = 0; position < outcome.viewedCount; position++) {
          const video = page.videos[position];
          const clicked = seconds.has(position);
          table.add(viewer, video, clicked, seconds.get(position) ?? 0, world.catalogue.durationSeconds[video]);
          // Given that the place came into view.
          expected.push((truth.examination(position) / truth.viewProbability(position)) * values[position]);
        }
        for (let position = 0; position < page.videos.length; position++) {
          shown[position] = (shown[position] ?? 0) + 1;
          clicks[position] = (clicks[position] ?? 0) + (seconds.has(position) ? 1 : 0);
        }
      },
      watched(video, _position, _seconds, _parts, fromMs) {
        const age = Math.floor((fromMs - world.catalogue.uploadedAtMs[video]) / DAY_MS);
        if (age < AGE_DAYS) byAge[age]++;
      },
    });
    onProgress?.(table.user.length);
    await breathe(signal);
  }
  const centre = mean(table.watchSeconds);
  const expectedMean = mean(expected);
  const truthShare =
    sumOf(expected, (value) => (value - expectedMean) ** 2) /
    sumOf(table.watchSeconds, (value) => (value - centre) ** 2);
  const counted = statisticsOfTable(table);
  return {
    ...counted,
    explained: { ...counted.explained, truth: truthShare },
    popularityByAge: perVideoOfThatAge(world, byAge),
    clickRateByPosition: shown.map((count, position) => clicks[position] / count),
  };
}

/** What can be counted of any log. */
export function statisticsOfTable(table: ImpressionTable): WorldStatistics {
  const { user, item, watchSeconds, clicked, durationSeconds } = table;
  const centre = mean(watchSeconds);
  const deviation = Math.sqrt(sumOf(watchSeconds, (value) => (value - centre) ** 2) / watchSeconds.length);
  const shareWatched = new Array<number>(SHARE_BINS).fill(0);
  const watches = new Map<number, number>();
  let clickCount = 0;
  for (let i = 0; i < user.length; i++) {
    if (!clicked[i]) continue;
    clickCount++;
    watches.set(item[i], (watches.get(item[i]) ?? 0) + 1);
    const share = durationSeconds[i] > 0 ? watchSeconds[i] / durationSeconds[i] : 0;
    shareWatched[binOf(share)]++;
  }
  return {
    impressions: user.length,
    clickRate: clickCount / user.length,
    meanWatchSeconds: centre,
    variationOfWatchSeconds: deviation / centre,
    popularityByAge: [],
    viewersByClickRate: viewersByClickRate(table),
    shareWatched: shareWatched.map((count) => count / clickCount),
    concentration: concentrationOf([...watches.values()]),
    explained: explainedByMeans(table),
    clickRateByPosition: [],
  };
}

function viewersByClickRate({ user, clicked }: ImpressionTable): number[] {
  const counts = new Map<number, { shown: number; clicked: number }>();
  user.forEach((viewer, i) => {
    const count = counts.get(viewer) ?? { shown: 0, clicked: 0 };
    counts.set(viewer, count);
    count.shown++;
    if (clicked[i]) count.clicked++;
  });
  const judged = [...counts.values()].filter(({ shown }) => shown >= LEAST_IMPRESSIONS);
  const bins = new Array<number>(SHARE_BINS).fill(0);
  for (const { shown, clicked: clicks } of judged) bins[binOf(clicks / shown)] += 1 / judged.length;
  return bins;
}

const binOf = (share: number) => Math.min(SHARE_BINS - 1, Math.floor(share * SHARE_BINS));

/** Watches of videos by age, divided by how many videos had that age within the history, relative to the first day. */
function perVideoOfThatAge(world: World, watches: Float64Array): number[] {
  const { catalogue, startMs, options } = world;
  const days = new Float64Array(AGE_DAYS);
  for (let index = 0; index < options.videoCount; index++) {
    for (let age = 0; age < AGE_DAYS; age++) {
      const fromMs = Math.max(startMs, catalogue.uploadedAtMs[index] + age * DAY_MS);
      const toMs = Math.min(options.endMs, catalogue.uploadedAtMs[index] + (age + 1) * DAY_MS);
      days[age] += Math.max(0, toMs - fromMs) / DAY_MS;
    }
  }
  const rates = Array.from(watches, (count, age) => (days[age] > 0 ? count / days[age] : 0));
  return rates.map((rate) => rate / (rates[0] || 1));
}

function concentrationOf(counts: number[]): (readonly [number, number])[] {
  counts.sort((a, b) => b - a);
  const total = sumOf(counts, (count) => count);
  const points: (readonly [number, number])[] = [];
  let [sum, rank] = [0, 0];
  for (let point = 1; point <= RANK_POINTS; point++) {
    const share = Math.exp(Math.log(counts.length) * (point / RANK_POINTS - 1));
    for (const until = Math.round(share * counts.length); rank < until; rank++) sum += counts[rank];
    points.push([share, sum / total]);
  }
  return points;
}

/** Means of four fifths of the impressions, drawn to the mean of all, on the other fifth. */
function explainedByMeans(table: ImpressionTable): { item: number; user: number; itemAndUser: number } {
  const { user, item, watchSeconds } = table;
  const isHeldOut = (i: number) => i % 5 === 4;
  const training = watchSeconds.filter((_, i) => !isHeldOut(i));
  const centre = mean(training);
  const meansBy = (keys: readonly number[], residual: (i: number) => number, prior: number) => {
    const sums = new Map<number, { sum: number; count: number }>();
    for (let i = 0; i < keys.length; i++) {
      if (isHeldOut(i)) continue;
      const entry = sums.get(keys[i]) ?? { sum: 0, count: 0 };
      entry.sum += residual(i);
      entry.count++;
      sums.set(keys[i], entry);
    }
    return (key: number) => {
      const entry = sums.get(key);
      return entry === undefined ? 0 : entry.sum / (entry.count + prior);
    };
  };
  const explained = (prediction: (i: number) => number) => {
    const held = watchSeconds.flatMap((value, i) => (isHeldOut(i) ? [{ value, i }] : []));
    const heldMean = mean(held.map(({ value }) => value));
    const error = sumOf(held, ({ value, i }) => (value - prediction(i)) ** 2);
    return 1 - error / sumOf(held, ({ value }) => (value - heldMean) ** 2);
  };
  const ofItem = meansBy(item, (i) => watchSeconds[i] - centre, ITEM_PRIOR);
  const ofUser = meansBy(user, (i) => watchSeconds[i] - centre, USER_PRIOR);
  const ofUserBeyondItem = meansBy(user, (i) => watchSeconds[i] - centre - ofItem(item[i]), USER_PRIOR);
  return {
    item: explained((i) => centre + ofItem(item[i])),
    user: explained((i) => centre + ofUser(user[i])),
    itemAndUser: explained((i) => centre + ofItem(item[i]) + ofUserBeyondItem(user[i])),
  };
}

function sumOf<Item>(items: readonly Item[], value: (item: Item) => number): number {
  let sum = 0;
  for (const item of items) sum += value(item);
  return sum;
}
