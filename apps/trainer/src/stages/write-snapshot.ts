import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuiltIndex } from '@watchnext/ann-index';
import { ColdStart } from '@watchnext/candidate-model';
import type { SnapshotManifest } from '@watchnext/contract';
import { tableToMetrics } from '@watchnext/evaluation';
import { NO_STATISTICS, type StatisticsTables, statisticsText } from '@watchnext/features';
import { encodeOnnx, encodeRankerOf } from '@watchnext/inference';
import {
  describeFiles,
  indexFile,
  newSnapshotId,
  SNAPSHOT_FILES,
  SNAPSHOT_FORMAT_VERSION,
  writeSafetensorsFile,
} from '@watchnext/snapshot-store';
import { defineStage } from '../pipeline/stage';
import type { ReplayedLog, TrainedModels } from '../pipeline/run-state';
import { videoLists } from './video-lists';

/** "Not measured" in a manifest, where there is no index. */
const NO_INDEX = {
  space: '',
  dimensions: 0,
  m: 0,
  efConstruction: 0,
  efSearch: 0,
  radius: 0,
  recallAt100: 0,
  shardCount: 0,
};

const shards = ({ parameters }: BuiltIndex) => Array.from({ length: parameters.shardCount }, (_, shard) => shard);

export interface SnapshotOrigin {
  readonly tensorBackend: string;
  /** What trained both models, by which of our own kernels, on how many threads. */
  readonly engine: { readonly name: string; readonly kernels?: string; readonly threads: number };
  readonly seed: number;
}

/**
 * Writes all files of a snapshot into `directory`, and the manifest that describes them. Every byte is there before the
 * manifest is made; nothing outside the folder changes.
 */
export const writeSnapshotStage = (directory: string, origin: SnapshotOrigin) =>
  defineStage({
    name: 'write snapshot',
    needs: ['catalogue', 'replayed', 'split', 'finalModels', 'metrics', 'verdict', 'parentSnapshotId'],
    gives: ['snapshot', 'sizes'],
    async run(
      { catalogue, replayed, split, finalModels, metrics, verdict, parentSnapshotId },
      { progress, signal, note },
    ) {
      const { candidate, ranking, index } = finalModels;
      const lists = videoLists(replayed, catalogue, split.endMs);
      const candidateParts = candidate.toParts();
      const coldStart = ColdStart.of(candidate.videoIds, candidate.videoVectors, (videoId) =>
        replayed.facts.get(videoId),
      ).toParts();
      const rankingParts = ranking.toParts();
      const at = (file: string) => join(directory, file);
      const json = (file: string, content: unknown) => writeFile(at(file), JSON.stringify(content));
      const writes: (() => Promise<void>)[] = [
        () => json(SNAPSHOT_FILES.candidateMetadata, candidateParts.metadata),
        () => writeSafetensorsFile(at(SNAPSHOT_FILES.candidateTensors), candidateParts.tensors),
        () => json(SNAPSHOT_FILES.coldStartMetadata, coldStart.metadata),
        () => writeSafetensorsFile(at(SNAPSHOT_FILES.coldStartTensors), coldStart.tensors),
        () => writeFile(at(SNAPSHOT_FILES.userTower), encodeOnnx(candidate.tower)),
        () => json(SNAPSHOT_FILES.rankingMetadata, rankingParts.metadata),
        () => writeSafetensorsFile(at(SNAPSHOT_FILES.rankingTensors), rankingParts.tensors),
        () => writeFile(at(SNAPSHOT_FILES.ranker), encodeRankerOf(ranking)),
        () => {
          const tables = statisticsToServe(replayed, finalModels, split.evaluatedFromMs);
          return writeFile(at(SNAPSHOT_FILES.statistics), statisticsText(tables));
        },
        () => json(SNAPSHOT_FILES.popular, lists),
        ...(index ? [() => index.save(shards(index).map((shard) => at(indexFile(shard))))] : []),
      ];
      for (const [done, write] of writes.entries()) {
        signal.throwIfAborted();
        await write();
        progress.report(done + 1, writes.length);
      }
      const sizes = {
        videos: candidate.videoIds.length,
        catalogue_videos: catalogue.facts.size,
        users: replayed.userCount,
        records: replayed.recordCount,
        candidate_examples: split.candidateThrough.length,
        candidate_examples_held_out: split.candidateHeldOut.length,
        ranking_examples: split.rankingThrough.length,
        ranking_examples_held_out: split.rankingHeldOut.length,
        popular: lists.popular.length,
        popular_countries: Object.keys(lists.popularByCountry).length,
        fresh: lists.fresh.length,
      };
      const nowMs = Date.now();
      const manifest: SnapshotManifest = {
        formatVersion: SNAPSHOT_FORMAT_VERSION,
        snapshotId: newSnapshotId(nowMs),
        parentSnapshotId: parentSnapshotId ?? '',
        createdAtMs: nowMs,
        window: {
          fromMs: replayed.fromMs,
          toMs: finalModels.origin === 'evaluated' ? split.evaluatedFromMs - 1 : replayed.toMs,
          evaluatedFromMs: split.evaluatedFromMs,
          evaluatedToMs: split.evaluatedToMs,
        },
        tensorBackend: origin.tensorBackend,
        seed: origin.seed,
        sizes,
        metrics: tableToMetrics(metrics),
        gate: verdict,
        files: await describeFiles(directory),
        index: index?.parameters ?? NO_INDEX,
        hyperparametersJson: JSON.stringify({
          candidate: candidate.config,
          ranking: ranking.config,
          candidateEngine: origin.engine,
          published: finalModels.origin,
          evaluationRule: split.rule,
        }),
      };
      note({ snapshotId: manifest.snapshotId, files: Object.keys(manifest.files).length });
      return { snapshot: { directory, manifest }, sizes };
    },
  });

/**
 * The statistics that travel with the models. In training an impression sees whole days before its own; where the log
 * spans one day no impression saw any, ranking has not learned what they mean, and serving must not show it any either.
 */
function statisticsToServe(replayed: ReplayedLog, models: TrainedModels, evaluatedFromMs: number): StatisticsTables {
  if (models.origin === 'evaluated') return replayed.statistics.tables(evaluatedFromMs);
  const anySeen = replayed.rankingExamples.some(({ video, servedAtMs }) =>
    replayed.statistics.asOf(servedAtMs).ofVideo(video.videoId),
  );
  return anySeen ? replayed.statistics.tables() : NO_STATISTICS;
}
