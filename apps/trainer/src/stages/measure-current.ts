import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { CandidateModel } from '@watchnext/candidate-model';
import type { SnapshotManifest } from '@watchnext/contract';
import {
  countedImpression,
  type CurrentMetrics,
  ITEM_SCORERS,
  nextWatchMetrics,
  type PairedMetric,
  pagesOf,
  type RecordedMetric,
  type SameDaysMetric,
  type UserRatio,
  weightedPerUserLoss,
} from '@watchnext/evaluation';
import { packStatisticsText, type RankingExample, type Statistics, statisticsFromPacked } from '@watchnext/features';
import type { Random } from '@watchnext/learning';
import type { RankingModel } from '@watchnext/ranking-model';
import { SNAPSHOT_FILES, type SnapshotStore, SnapshotStoreError } from '@watchnext/snapshot-store';
import { loadModels, scoreImpressions } from '@watchnext/offline';
import { modelScorer, rankNextWatches } from '../evaluation/next-watch';
import { rowsUntil } from '../evaluation/rows-until';
import type { CandidateEvaluation } from '../pipeline/run-state';
import { defineStage } from '../pipeline/stage';
import { RANKING_LOSS } from './evaluate-ranking';

/** A snapshot's models, with the statistics that they rank with. */
interface Contender {
  readonly candidate: CandidateModel;
  readonly ranking: RankingModel;
  readonly statistics: Statistics;
}

/** Both metrics of the gate's comparison, by user. */
interface Measured {
  readonly candidateRecall: UserRatio;
  readonly weightedPerUserLoss: UserRatio;
}

/**
 * Finds what the new models can be held against the current snapshot by. In this order:
 *
 * - If the current snapshot trained on nothing of the held-out days, both are measured on all of them. The new models
 *   then know about as much as the current one, so the comparison is fair although it was the current one that chose
 *   what was shown.
 * - If the same days were held out for the current snapshot too, which has trained on them since, the new models are
 *   measured on what was there then, and held against what was recorded: the same rows, but for candidates where more users
 *   are held out than are drawn. The draw is of all that are held out by now, so it is another one. Rows after it are no ground
 *   to compare on: they are watches of its own lists, by models that have not seen a day that it has.
 * - Else what was recorded on other days has to do.
 *
 * A current snapshot that cannot be read holds nothing up: it is what a new one should replace, and the log says so.
 */
export const measureCurrentStage = (store: SnapshotStore) =>
  defineStage({
    name: 'measure current snapshot',
    needs: ['replayed', 'split', 'candidateModel', 'rankingModel', 'candidateEvaluation'],
    gives: ['currentMetrics', 'parentSnapshotId'],
    async run({ replayed, split, candidateModel, rankingModel, candidateEvaluation }, { random, signal, note }) {
      const parentSnapshotId = await store.readPointer();
      if (parentSnapshotId === undefined) return { currentMetrics: undefined, parentSnapshotId };
      const { recallK } = candidateEvaluation;
      const trained: Contender = {
        candidate: candidateModel,
        ranking: rankingModel,
        statistics: replayed.statistics.asOf(split.evaluatedFromMs),
      };
      const measureUntil = (contender: Contender, untilMs: number) =>
        measure(contender, split.rankingHeldOut, candidateEvaluation, untilMs, signal);

      async function compared(manifest: SnapshotManifest): Promise<CurrentMetrics> {
        const recorded = recordedIn(manifest, `candidates.recall@${recallK}`);
        const { window } = manifest;
        if (!window) return recorded;
        if (window.toMs < split.evaluatedFromMs) {
          const current = await contenderOf(manifest, store, (reason) => note({ notLoadable: reason }));
          if (!current) return recorded;
          return paired(
            manifest.snapshotId,
            await measureUntil(trained, Infinity),
            await measureUntil(current, Infinity),
            random,
          );
        }
        if (window.evaluatedFromMs !== split.evaluatedFromMs) return recorded;
        return sameDays(recorded, await measureUntil(trained, window.evaluatedToMs));
      }

      let currentMetrics: CurrentMetrics | undefined;
      try {
        currentMetrics = await compared(await store.readManifest(parentSnapshotId));
      } catch (error) {
        if (!(error instanceof SnapshotStoreError) || error.retriable) throw error;
        note({ unreadable: error.message });
      }
      note({ ...currentMetrics });
      return { currentMetrics, parentSnapshotId };
    },
  });

/** undefined where this program cannot load it, as one made by another version, with other features. */
async function contenderOf(
  { snapshotId }: SnapshotManifest,
  store: SnapshotStore,
  onNotLoadable: (reason: string) => void,
): Promise<Contender | undefined> {
  const local = await store.fetch(snapshotId);
  try {
    const text = createReadStream(join(local.directory, SNAPSHOT_FILES.statistics), 'utf8');
    const statistics = statisticsFromPacked(await packStatisticsText(text));
    return { ...(await loadModels(local)), statistics };
  } catch (error) {
    onNotLoadable((error as Error).message);
    return undefined;
  }
}

/** On the held-out rows up to `untilMs`. */
async function measure(
  { candidate, ranking, statistics }: Contender,
  heldOut: readonly RankingExample[],
  { queries, recallK }: CandidateEvaluation,
  untilMs: number,
  signal: AbortSignal,
): Promise<Measured> {
  const asked = rowsUntil(queries, untilMs, ({ example }) => example.labelAtMs);
  const { ranks } = await rankNextWatches(await modelScorer(candidate), asked, signal);
  const candidateRecall = nextWatchMetrics(ranks, [recallK]).recallAtK.get(recallK);
  if (!candidateRecall) throw new Error(`recall@${recallK} was not measured`);
  const shown = heldOut.filter(({ servedAtMs }) => servedAtMs <= untilMs);
  const impressions = shown.map(countedImpression);
  const scores = await scoreImpressions(ranking, shown, statistics, signal);
  return { candidateRecall, weightedPerUserLoss: weightedPerUserLoss(impressions, pagesOf(impressions), scores) };
}

function paired(snapshotId: string, trained: Measured, current: Measured, random: Random): CurrentMetrics {
  const pair = (metric: keyof Measured): PairedMetric => ({
    origin: 're-evaluated',
    current: current[metric].value(),
    trained: trained[metric].value(),
    difference: trained[metric].minus(current[metric]).interval(random.fork(metric)),
    userCount: trained[metric].userCount,
  });
  return {
    snapshotId,
    candidateRecall: pair('candidateRecall'),
    weightedPerUserLoss: pair('weightedPerUserLoss'),
  };
}

function sameDays(recorded: CurrentMetrics, trained: Measured): CurrentMetrics {
  const same = (metric: keyof Measured): SameDaysMetric => ({
    origin: 'recorded on the same days',
    current: recorded[metric].current,
    trained: trained[metric].value(),
  });
  return {
    snapshotId: recorded.snapshotId,
    candidateRecall: same('candidateRecall'),
    weightedPerUserLoss: same('weightedPerUserLoss'),
  };
}

function recordedIn({ snapshotId, metrics }: SnapshotManifest, recallName: string): CurrentMetrics {
  const value = (name: string, scorer: string) =>
    metrics.find((metric) => metric.name === name && metric.scorer === scorer)?.value ?? NaN;
  const recorded = (name: string, baseline: number): RecordedMetric => ({
    origin: 'recorded on other days',
    current: value(name, 'model'),
    baseline,
  });
  const floors = ITEM_SCORERS.map((scorer) => value(RANKING_LOSS, scorer));
  return {
    snapshotId,
    candidateRecall: recorded(recallName, value(recallName, 'popularity')),
    weightedPerUserLoss: recorded(RANKING_LOSS, Math.min(...floors)),
  };
}
