/**
 * The skew test: replays the archive to the mark of every list that was ranked, and compares what comes out with what
 * was served, to the bit: the ranking model's input row by its checksum, the score by its value.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Event, TOPICS } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import type { LogRecord } from '@watchnext/event-log';
import {
  packStatisticsText,
  replayUser,
  type RankingExample,
  type Statistics,
  statisticsFromPacked,
  type UserRecord,
} from '@watchnext/features';
import { RankerStack } from '@watchnext/inference';
import { featuresChecksum, RankingModel } from '@watchnext/ranking-model';
import { readSafetensorsFile, SNAPSHOT_FILES, type LocalSnapshot, type SnapshotStore } from '@watchnext/snapshot-store';

export interface SkewReport {
  /** Impressions that were served with a score, and replayed. */
  readonly checkedCount: number;
  readonly requestCount: number;
  /** Impressions whose features or score came out differently. */
  readonly mismatches: readonly SkewMismatch[];
}

export interface SkewMismatch {
  readonly impressionId: string;
  readonly what: 'features' | 'score';
  readonly served: number;
  readonly replayed: number;
}

/** What it takes to score as a ranking service with this snapshot does. */
interface Scorer {
  readonly model: RankingModel;
  readonly ranker: RankerStack;
  readonly statistics: Statistics;
}

/** Replays everything archived by a system, on whatever drivers; closes neither archive nor snapshots. */
export async function verifyServedFeatures(archive: EventArchive, snapshots: SnapshotStore): Promise<SkewReport> {
  const scorers = new Map<string, Scorer>();
  const mismatches: SkewMismatch[] = [];
  const requests = new Set<string>();
  let checkedCount = 0;
  try {
    for await (const records of usersOf(archive.read(TOPICS.activity, { order: 'key' }))) {
      const { rankingExamples } = replayUser(records, { joinWindowMs: 0, logEndMs: Number.POSITIVE_INFINITY });
      for (const example of rankingExamples) {
        const { snapshotId, score, featuresChecksum: served } = example.served;
        if (score === undefined || served === undefined) continue;
        let scorer = scorers.get(snapshotId);
        if (!scorer) {
          scorer = await loadScorer(await snapshots.fetch(snapshotId));
          scorers.set(snapshotId, scorer);
        }
        checkedCount++;
        requests.add(example.requestId);
        mismatches.push(...(await compare(example, scorer, score, served)));
      }
    }
  } finally {
    await Promise.all([...scorers.values()].map(({ ranker }) => ranker.close()));
  }
  return { checkedCount, requestCount: requests.size, mismatches };
}

async function compare(
  example: RankingExample,
  scorer: Scorer,
  servedScore: number,
  servedChecksum: number,
): Promise<SkewMismatch[]> {
  const { model, ranker, statistics } = scorer;
  const row = new Float32Array(model.inputSize);
  model.writeInput(model.encodeUser(example.user), example.video, statistics, row, 0);
  const checksum = featuresChecksum(row);
  const score = Math.fround(model.scoreOf(await ranker.runRows(row, 1), 0).expectedWatchSeconds);
  const { impressionId } = example;
  return [
    ...(checksum === servedChecksum
      ? []
      : [{ impressionId, what: 'features' as const, served: servedChecksum, replayed: checksum }]),
    ...(score === servedScore ? [] : [{ impressionId, what: 'score' as const, served: servedScore, replayed: score }]),
  ];
}

async function loadScorer({ directory }: LocalSnapshot): Promise<Scorer> {
  const read = (file: string) => readFileSync(join(directory, file));
  return {
    model: RankingModel.fromParts({
      metadata: JSON.parse(read(SNAPSHOT_FILES.rankingMetadata).toString('utf8')),
      tensors: await readSafetensorsFile(join(directory, SNAPSHOT_FILES.rankingTensors)),
    }),
    ranker: await RankerStack.load(read(SNAPSHOT_FILES.ranker)),
    statistics: statisticsFromPacked(await packStatisticsText([read(SNAPSHOT_FILES.statistics).toString('utf8')])),
  };
}

/** Cuts records in key order into one list for each user. */
async function* usersOf(batches: AsyncIterable<readonly LogRecord[]>): AsyncGenerator<UserRecord[]> {
  let key: string | undefined;
  let records: UserRecord[] = [];
  for await (const batch of batches) {
    for (const record of batch) {
      if (record.key !== key && records.length > 0) {
        yield records;
        records = [];
      }
      key = record.key;
      records.push({
        topic: record.topic,
        partition: record.partition,
        offset: record.offset,
        event: Event.decode(record.value),
      });
    }
  }
  if (records.length > 0) yield records;
}
