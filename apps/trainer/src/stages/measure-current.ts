import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotManifest } from '@watchnext/contract';
import { type CurrentMetrics, nextWatchMetrics, pagesOf, weightedPerUserLoss } from '@watchnext/evaluation';
import type { VideoStatistics } from '@watchnext/features';
import { SNAPSHOT_FILES, type SnapshotStore, SnapshotStoreError } from '@watchnext/snapshot-store';
import { loadModels } from '../evaluation/load-models';
import { modelScorer, rankNextWatches } from '../evaluation/next-watch';
import { scoreImpressions } from '../evaluation/score-impressions';
import { defineStage } from '../pipeline/stage';
import { labelled } from './evaluate-ranking';

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
          trainedUntilMs <= split.evaluatedFromMs
            ? await reEvaluate()
            : { snapshotId: parentSnapshotId, origin: 'recorded', ...recordedIn(manifest, recallName) };
      } catch (error) {
        if (!(error instanceof SnapshotStoreError) || error.retriable) throw error;
        note({ unreadable: error.message });
      }
      note({ ...currentMetrics });
      return { currentMetrics, parentSnapshotId };

      async function reEvaluate(): Promise<CurrentMetrics> {
        const local = await store.fetch(parentSnapshotId as string);
        const { candidate, ranking } = await loadModels(local);
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

function recordedIn(manifest: SnapshotManifest, recallName: string) {
  const value = (name: string) =>
    manifest.metrics.find((metric) => metric.name === name && metric.scorer === 'model')?.value ?? NaN;
  return { candidateRecall: value(recallName), weightedPerUserLoss: value('ranking.weighted_per_user_loss') };
}
