import { join } from 'node:path';
import { Event, TOPICS } from '@watchnext/contract';
import { openParquetArchive } from '@watchnext/event-archive';
import { partitionOf } from '@watchnext/event-log';
import { readCatalogue, replayArchive } from '@watchnext/offline';
import { eventOf, impressionItemOf, impressionsServedOf, temporaryDirectory, watchOf } from '@watchnext/testing';
import { copyArchive } from './copy-archive';

const NOON_MS = Date.UTC(2026, 10, 2, 12);
const PARTITIONS = 3;

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  folder = await temporaryDirectory('copy-archive');
});
afterEach(() => folder.remove());

/** Two users with a watch, a list ranked after it and another watch. */
async function writeOriginal(path: string): Promise<void> {
  const archive = openParquetArchive(path);
  const nextOffsets = new Array<number>(PARTITIONS).fill(0);
  for (const userId of ['ada', 'grace']) {
    const partition = partitionOf(userId, PARTITIONS);
    const first = nextOffsets[partition];
    nextOffsets[partition] += 3;
    const mark = { topic: TOPICS.activity, partition, offset: first };
    const list = impressionsServedOf(userId, [impressionItemOf('v1', { impressionId: `${userId} 1` })], { mark });
    const events = [watchOf(userId, 'v1'), list, watchOf(userId, 'v2')];
    await archive.write(
      TOPICS.activity,
      partition,
      events.map((body, i) => ({
        topic: TOPICS.activity,
        partition,
        offset: first + i,
        timestampMs: NOON_MS + i,
        key: userId,
        value: Event.encode(eventOf(body, NOON_MS + i)).finish(),
      })),
    );
  }
  await archive.close();
}

async function replay(path: string) {
  const archive = openParquetArchive(path);
  const { signal } = new AbortController();
  try {
    const options = { partitionCount: PARTITIONS, joinWindowMs: 1_000, settledAfterMs: 0, examplesPerUser: 10 };
    return await replayArchive(archive, await readCatalogue(archive, signal), options, signal);
  } finally {
    await archive.close();
  }
}

it('gives each copy of a user the examples of the original, features and all', async () => {
  const [from, to] = [join(folder.path, 'from'), join(folder.path, 'to')];
  await writeOriginal(from);
  await copyArchive({ from, to, partitionCount: PARTITIONS, copies: 4 }, () => undefined);
  const [original, copied] = [await replay(from), await replay(to)];

  expect(original.replayed.candidateExamples.length).toBeGreaterThan(0);
  expect(original.replayed.rankingExamples).toHaveLength(2);
  expect(copied.counts).toEqual({ ...original.counts, recordCount: 4 * original.counts.recordCount });
  expect(copied.replayed.userCount).toBe(8);
  const ranking = ({ rankingExamples }: typeof copied.replayed, userId: string) =>
    rankingExamples
      .filter((example) => example.userId.split('~')[0] === userId)
      .map(({ impressionId, servedAtMs, user, video }) => [impressionId, servedAtMs, user.numbers, video.numbers]);
  for (const userId of ['ada', 'grace']) {
    const [example] = ranking(original.replayed, userId);
    expect(ranking(copied.replayed, userId)).toEqual([example, example, example, example]);
  }
  const labels = ({ candidateExamples }: typeof copied.replayed) =>
    candidateExamples
      .map(({ labelVideoId, features }) => [labelVideoId, features.watchedVideoIds.join()].join('<'))
      .sort();
  expect(labels(copied.replayed)).toEqual(
    labels(original.replayed).flatMap((label) => new Array<string>(4).fill(label)),
  );
});
