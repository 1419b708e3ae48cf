import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotManifest } from '@watchnext/contract';
import {
  type CurrentMetrics,
  ITEM_SCORERS,
  nextWatchMetrics,
  pagesOf,
  weightedPerUserLoss,
} from '@watchnext/evaluation';
import type { VideoStatistics } from '@watchnext/features';
import { SNAPSHOT_FILES, type SnapshotStore, SnapshotStoreError } from '@watchnext/snapshot-store';
import { loadModels } from '../evaluation/load-models';
import { modelScorer, rankNextWatches } from '../evaluation/next-watch';
import { scoreImpressions } from '../evaluation/score-impressions';
import { defineStage } from '../pipeline/stage';
import { labelled, RANKING_LOSS } from './evaluate-ranking';

/**
 * Measures the current snapshot on the very same held-out days, if it has not trained on them; otherwise takes what its
 * manifest recorded when it was published. A current snapshot that cannot be read holds nothing up: it is what a new one
 * should replace, and the log says so.
 */
export const measureCurrentStage = (store: SnapshotStore) =>
  defineStage({
    name: 'measure current snapshot',
    needs: ['split', 'candidateEvaluation'],
    gives: ['currentMetrics', 'parentSnapshotId'],
    async run({ split, candidateEvaluation }, { signal, note }) {
      const parentSnapshotId = await store.readPointer();
      if (parentSnapshotId === undefined) return { currentMetrics: undefined, parentSnapshotId };
      const recallName = `candidates.recall@${candidateEvaluation.recallK}`;
      let currentMetrics: CurrentMetrics | undefined;
      try {
        const manifest = await store.readManifest(parentSnapshotId);
        const trainedUntilMs = manifest.window?.toMs ?? Infinity;
        currentMetrics =
          trainedUntilMs <= split.evaluatedFromMs ? await reEvaluate(manifest) : recordedIn(manifest, recallName);
      } catch (error) {
        if (!(error instanceof SnapshotStoreError) || error.retriable) throw error;
        note({ unreadable: error.message });
      }
      note({ ...currentMetrics });
      return { currentMetrics, parentSnapshotId };

      async function reEvaluate(manifest: SnapshotManifest): Promise<CurrentMetrics> {
        const local = await store.fetch(manifest.snapshotId);
        let models: Awaited<ReturnType<typeof loadModels>>;
        try {
          models = await loadModels(local);
        } catch (error) {
          // Made by a program with other features than this one's, as after an upgrade.
          note({ notLoadable: (error as Error).message });
          return recordedIn(manifest, recallName);
        }
        const { candidate, ranking } = models;
        const { queries, recallK } = candidateEvaluation;
        const { ranks } = await rankNextWatches(modelScorer(candidate), queries, signal);
        const statistics = JSON.parse(
          await readFile(join(local.directory, SNAPSHOT_FILES.videoStatistics), 'utf8'),
        ) as Record<string, VideoStatistics>;
        const scores = await scoreImpressions(ranking, split.rankingHeldOut, (videoId) => statistics[videoId], signal);
        const impressions = split.rankingHeldOut.map(labelled);
        return {
          snapshotId: local.snapshotId,
          origin: 're-evaluated',
          candidateRecall: nextWatchMetrics(ranks, [recallK]).recallAtK.get(recallK)?.value() ?? NaN,
          weightedPerUserLoss: weightedPerUserLoss(impressions, pagesOf(impressions), scores).value(),
        };
      }
    },
  });

function recordedIn({ snapshotId, metrics }: SnapshotManifest, recallName: string): CurrentMetrics {
  const value = (name: string, scorer: string) =>
    metrics.find((metric) => metric.name === name && metric.scorer === scorer)?.value ?? NaN;
  return {
    snapshotId,
    origin: 'recorded',
    candidateRecall: value(recallName, 'model'),
    weightedPerUserLoss: value(RANKING_LOSS, 'model'),
    recordedBaselines: {
      popularityRecall: value(recallName, 'popularity'),
      floorWeightedPerUserLoss: Math.min(...ITEM_SCORERS.map((scorer) => value(RANKING_LOSS, scorer))),
    },
  };
}
