/** Trains ranking before a moment and measures it after, beside what counting achieves and what a peer scored. */
import { countedImpression, noPageMessage, type Page, pagesOf } from '@watchnext/evaluation';
import type { RankingExample } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import type { ReplayedLog } from '@watchnext/offline';
import { defaultRankingConfig } from '@watchnext/ranking-model';
import { EvaluationDataError } from '../data/watch-data';
import { calibrationTables } from './calibration';
import { cohortsOfImpressions, measureCohorts } from './cohorts';
import { comparisonsOf, peerComparisonsOf } from './comparisons';
import { describing } from './describe-scorer';
import { KeptScores, type ScoreOptions, scoresOfModel } from './model-scores';
import type { PeerScores } from './peer-scores';
import type { RankingReport } from './report';
import { blindScorers, countingScorers, modelScorers, type Scorer } from './scorers';
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
