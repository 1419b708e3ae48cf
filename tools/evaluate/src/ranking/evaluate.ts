/** Trains ranking before a moment and measures it after, beside what counting achieves and what a peer scored. */
import {
  actualSeconds,
  clickAuc,
  clickAucInterval,
  comparePaired,
  COUNTING_SCORERS,
  type CountedImpression,
  countedImpression,
  groupedClickAuc,
  CountingBaselines,
  type IndexSource,
  type Interval,
  noPageMessage,
  type Page,
  pagesOf,
  type UserRatio,
  watchTimeMae,
  watchTimeSquaredError,
  weightedPerUserLoss,
} from '@watchnext/evaluation';
import type { RankingExample } from '@watchnext/features';
import { createRandom, median } from '@watchnext/learning';
import type { ReplayedLog } from '@watchnext/offline';
import { defaultRankingConfig, type RankingModelConfig } from '@watchnext/ranking-model';
import { EvaluationDataError } from '../data/watch-data';
import { acrossSeeds, compareRows, ratioOf } from '../paper/verdict';
import type { LossPoint } from '../document/loss-curve';
import { calibrationTables } from './calibration';
import { cohortsOfImpressions, measureCohorts } from './cohorts';
import { KeptScores, type ModelScores, type ScoreOptions, scoresOfModel } from './model-scores';
import type { PeerScores } from './peer-scores';
import type { FormComparison, MeasuredValue, PeerComparison, RankingReport, RankingScorerReport } from './report';
import { byDay, splitImpressions, type SplitOptions } from './split';
import type { DataSize, RankingVariant } from './variants';

export interface EvaluateRankingOptions extends SplitOptions, ScoreOptions {
  /** The first is the default. */
  readonly variants: (size: DataSize) => readonly RankingVariant[];
  readonly seeds: readonly number[];
  /** Of a file, matched with the test impressions; undefined without one. */
  readonly readPeer?: (impressions: readonly RankingExample[]) => Promise<PeerScores>;
  /** In the table; default: "peer". */
  readonly peerName?: string;
  /** Folder of what models scored: those that are there already are not trained again. */
  readonly keep?: string;
}

/** One thing that orders impressions, and what it takes them to be worth. */
interface Scorer {
  readonly name: string;
  readonly kind: RankingScorerReport['kind'];
  readonly orders: string;
  readonly scores: Float64Array;
  /** What is expected of an impression where it was shown; undefined of what gives no seconds. */
  readonly seconds?: Float64Array;
  readonly seed?: number;
  readonly config?: RankingModelConfig;
  readonly trainingSeconds?: number;
  readonly lossCurve?: readonly LossPoint[];
  /** Of its bootstrap, where it is one of its own. */
  readonly random?: IndexSource;
}

/** @throws EvaluationDataError when a part of the split has nothing to learn from or to measure on */
export async function evaluateRanking(replayed: ReplayedLog, options: EvaluateRankingOptions): Promise<RankingReport> {
  const { training, heldOut, heldOutFromMs, description } = splitImpressions(replayed, options);
  const impressions = heldOut.map(countedImpression);
  const pages = pagesOf(impressions);
  if (pages.length === 0)
    throw new EvaluationDataError(`${options.source}: ${noPageMessage(`the ${options.part} part`)}`);
  // As of the split: what is counted later are held-out labels, which the baselines don't see either.
  const countsOlder = (byMs: number) => byDay((atMs) => replayed.statistics.asOf(Math.min(atMs, heldOutFromMs) - byMs));
  const counted = training.map(countedImpression);
  const scorers: Scorer[] = [...countingScorers(counted, impressions), ...blindScorers(counted, impressions)];
  const cohorts = cohortsOfImpressions(training, heldOut, replayed.facts);
  const peer = await options.readPeer?.(heldOut);
  const { peerName = 'peer' } = options;
  for (const [column, scores] of peer?.byColumn ?? [])
    scorers.push({ name: peerName, kind: 'peer', orders: `its ${column}`, scores });
  const kept =
    options.keep === undefined
      ? undefined
      : new KeptScores(options.keep, training, heldOut, [description, replayed.recordCount]);
  const videoCount = new Set(training.map(({ video }) => video.videoId)).size;
  const size = { exampleCount: training.length, videoCount };
  const variants = options.variants(size);
  for (const variant of variants) {
    const { name, change, countsOlderMs = { training: 0, measuring: 0 } } = variant;
    const config = { ...defaultRankingConfig(size), ...change };
    const trainingStatisticsAt = countsOlder(countsOlderMs.training);
    const statisticsAt = countsOlder(countsOlderMs.measuring);
    for (const seed of options.seeds) {
      const model = { name, config, seed, training, heldOut, trainingStatisticsAt, statisticsAt };
      const make = () => scoresOfModel(model, options);
      const scores = await (kept ? kept.scoresOf(model, countsOlderMs, make) : make());
      scorers.push(...modelScorers(variant, seed, config, scores));
    }
  }
  const random = createRandom(1);
  const peerPages = peer ? pagesScoredBy(peer, pages) : [];
  const describe = describing(scorers, impressions, pages, random, peerPages);
  return {
    source: options.source,
    split: description,
    part: options.part,
    seeds: options.seeds,
    counts: {
      trainingImpressions: training.length,
      impressions: heldOut.length,
      clicked: impressions.filter(({ clicked }) => clicked).length,
      pagesWithPairs: pages.length,
      users: new Set(impressions.map(({ userId }) => userId)).size,
      ...(peer ? { peerMatched: peer.matchedCount, peerUnmatchedRows: peer.unmatchedRowCount } : {}),
    },
    cohortLimits: cohorts.limits,
    scorers: scorers.map((scorer) => ({
      ...describe(scorer),
      cohorts: measureCohorts(cohorts, impressions, scorer.kind === 'peer' ? peerPages : pages, scorer.scores),
      ...(scorer.seconds && scorer.kind === 'model'
        ? { calibration: calibrationTables(heldOut, impressions, scorer.seconds, replayed.facts, random) }
        : {}),
    })),
    comparisons: comparisonsOf(scorers, variants, impressions, pages, random),
    ...(peer ? { peerComparisons: peerComparisonsOf(scorers, impressions, peerPages, random) } : {}),
  };
}

/** Pages that the peer scored as a whole. */
function pagesScoredBy({ byColumn }: PeerScores, pages: readonly Page[]): Page[] {
  const columns = [...byColumn.values()];
  return pages.filter(({ members }) =>
    columns.every((scores) => members.every((index) => !Number.isNaN(scores[index]))),
  );
}

/** Differences and ratios, the seeds of a form and an order together; a peer has no seeds. */
function peerComparisonsOf(
  scorers: readonly Scorer[],
  impressions: readonly CountedImpression[],
  pages: readonly Page[],
  random: IndexSource,
): PeerComparison[] {
  const rowsOf = ({ scores }: Scorer) => [...weightedPerUserLoss(impressions, pages, scores).rows()];
  const forms = new Map<string, Scorer[]>();
  for (const scorer of scorers.filter(({ kind }) => kind === 'model')) {
    const key = `${scorer.name}\n${scorer.orders}`;
    forms.set(key, [...(forms.get(key) ?? []), scorer]);
  }
  const peers = scorers.filter(({ kind }) => kind === 'peer');
  return [...forms.values()].flatMap((seeds) => {
    const bySeed = seeds.map(rowsOf);
    return peers.map((peer): PeerComparison => {
      const its = bySeed.map(() => rowsOf(peer));
      const lossBySeed = bySeed.map((rows) => ratioOf([rows]).value());
      const peerLoss = ratioOf([its[0]]).value();
      const times = ratioOf(bySeed).over(ratioOf(its));
      const { low, high } = times.interval(random, { resampleCount: 1_000 });
      const acrossSeeds95 = acrossSeeds(lossBySeed.map((loss) => loss / peerLoss));
      return {
        form: seeds[0].name,
        orders: seeds[0].orders,
        peer: peer.name,
        peerOrders: peer.orders,
        lossBySeed,
        peerLoss,
        times: { value: times.value(), interval95: [low, high], ...(acrossSeeds95 ? { acrossSeeds95 } : {}) },
        ...compareRows(its, bySeed, true, random),
      };
    });
  });
}

/** The first variant is the default; the first order of each is the one that is served. */
function comparisonsOf(
  scorers: readonly Scorer[],
  [standing, ...others]: readonly RankingVariant[],
  impressions: readonly CountedImpression[],
  pages: readonly Page[],
  random: IndexSource,
): FormComparison[] {
  const lossesOf = (variant: RankingVariant) => {
    const rows = scorers.filter(({ name, kind, config }) => name === variant.name && kind === 'model' && config);
    return rows.map(({ scores }) => weightedPerUserLoss(impressions, pages, scores));
  };
  const defaults = lossesOf(standing);
  return others.map((variant) => {
    const losses = lossesOf(variant);
    const [ours, theirs] = [losses, defaults].map((ratios) => ratios.map((ratio) => [...ratio.rows()]));
    return {
      form: variant.name,
      lossBySeed: losses.map((loss) => loss.value()),
      defaultLossBySeed: defaults.map((loss) => loss.value()),
      ...compareRows(ours, theirs, true, random),
    };
  });
}

function countingScorers(training: readonly CountedImpression[], impressions: readonly CountedImpression[]): Scorer[] {
  const counts = CountingBaselines.of(training);
  const counted = counts.scores(impressions);
  return COUNTING_SCORERS.map((name) => ({
    name,
    kind: 'baseline',
    orders: name.includes('odds') ? 'odds' : name.includes('rate') ? 'click rate' : 'expected watch time',
    scores: counted[name],
    ...(name === 'item expected watch time' ? { seconds: counts.itemMeanSeconds(impressions) } : {}),
  }));
}

/** What knows nothing of the impression: a random order, and the seconds that the middle one in training had, for all. */
function blindScorers(training: readonly CountedImpression[], impressions: readonly CountedImpression[]): Scorer[] {
  const random = createRandom(1).fork('random order');
  const watched = Float64Array.from(training, (impression) => actualSeconds(impression));
  const seconds = new Float64Array(impressions.length).fill(median(watched));
  // Bootstraps of their own: they came later, and leave the intervals of the others as they were.
  const common = (name: string) => ({ name, kind: 'baseline', random: createRandom(1).fork(name) }) as const;
  return [
    { ...common('random'), orders: 'chance', scores: Float64Array.from(impressions, () => random.next()) },
    { ...common('median of training'), orders: 'nothing: all alike', scores: seconds, seconds },
  ];
}

function modelScorers(
  variant: RankingVariant,
  seed: number,
  config: RankingModelConfig,
  scores: ModelScores,
): Scorer[] {
  const { expectedWatchSeconds, clickProbability, secondsWhereShown, headCount, trainingSeconds, lossCurve } = scores;
  const common = { name: variant.name, kind: 'model', seed } as const;
  const { objective } = config;
  const byTime = objective === 'expected-watch-time';
  const rows: Scorer[] = [
    {
      ...common,
      orders: objective === 'click' ? 'odds of a click' : objective === 'paper' ? 'odds' : 'expected watch time',
      scores: expectedWatchSeconds,
      ...(byTime ? { seconds: secondsWhereShown } : {}),
      config,
      trainingSeconds,
      lossCurve,
    },
  ];
  if (headCount > 1 && byTime) {
    const odds = expectedWatchSeconds.map((seconds, i) => seconds / (1 - clickProbability[i]));
    rows.push({ ...common, orders: 'odds: expected watch time / (1 − P)', scores: odds });
  }
  return rows;
}

/** A peer may have scored a part only. */
function ofScored(impressions: readonly CountedImpression[], scores: Float64Array) {
  if (!scores.some(Number.isNaN)) return { impressions, scores };
  return {
    impressions: impressions.filter((_, index) => !Number.isNaN(scores[index])),
    scores: scores.filter((score) => !Number.isNaN(score)),
  };
}

/** Figures of one scorer, and how it compares with the best that counting does and with the peer. */
function describing(
  scorers: readonly Scorer[],
  impressions: readonly CountedImpression[],
  pages: readonly Page[],
  random: IndexSource,
  peerPages: readonly Page[],
): (scorer: Scorer) => RankingScorerReport {
  const lossOf = ({ scores }: Scorer, among = pages) => weightedPerUserLoss(impressions, among, scores);
  const floors = scorers.filter(({ kind }) => kind === 'baseline');
  const floor = floors.reduce((best, one) => (lossOf(one).value() < lossOf(best).value() ? one : best));
  const peerScorer = scorers.find(({ kind }) => kind === 'peer');
  return (scorer) => {
    const among = scorer.kind === 'peer' ? peerPages : pages;
    const loss = lossOf(scorer, among);
    const scored = ofScored(impressions, scorer.scores);
    const measured = (ratio: UserRatio): MeasuredValue => {
      const { low, high } = ratio.interval(scorer.random ?? random);
      return { value: ratio.value(), interval95: [low, high] };
    };
    const against = (other: Scorer, pagesOfBoth: readonly Page[]) => {
      const { difference, interval } = comparePaired(lossOf(scorer, pagesOfBoth), lossOf(other, pagesOfBoth), random);
      return { scorer: other.name, difference, interval95: [interval.low, interval.high] as const };
    };
    const { name, kind, orders, seed, config, seconds, trainingSeconds, lossCurve } = scorer;
    return {
      name,
      kind,
      orders,
      ...(seed === undefined ? {} : { seed }),
      weightedPerUserLoss: measured(loss),
      clickAuc: clickAuc(scored.impressions, scored.scores),
      clickAucInterval95: ends(clickAucInterval(scored.impressions, scored.scores, createRandom(1).fork('AUC'))),
      groupedClickAuc: measured(groupedClickAuc(scored.impressions, scored.scores)),
      ...(seconds
        ? {
            watchTimeMaeSeconds: measured(watchTimeMae(impressions, seconds)),
            ...rootMeanSquare(watchTimeSquaredError(impressions, seconds)),
          }
        : {}),
      ...(kind === 'baseline' ? {} : { againstFloor: against(floor, among) }),
      ...(peerScorer && kind === 'model'
        ? {
            againstPeer: against(peerScorer, peerPages),
            timesPeer: measured(lossOf(scorer, peerPages).over(lossOf(peerScorer, peerPages))),
          }
        : {}),
      ...(config ? { config } : {}),
      ...(trainingSeconds === undefined ? {} : { trainingSeconds }),
      ...(lossCurve ? { lossCurve } : {}),
    };
  };
}

const ends = ({ low, high }: Interval): readonly [number, number] => [low, high];

/** The root keeps the order of what is resampled, so it is the root of the ends. */
function rootMeanSquare(squaredError: UserRatio) {
  const { low, high } = squaredError.interval(createRandom(1).fork('RMSE'));
  return {
    watchTimeRmseSeconds: Math.sqrt(squaredError.value()),
    watchTimeRmseInterval95: ends({ low: Math.sqrt(low), high: Math.sqrt(high) }),
  };
}
