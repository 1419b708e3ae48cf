/** A snapshot after `npm run forget` knows nothing of the users that were forgotten. */
import { TOPICS } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import { replayUser } from '@watchnext/features';
import { temporaryDirectory } from '@watchnext/testing';
import { readUserRecords } from '@watchnext/offline';
import { archiveOf, storeOf, train } from './harness';
import { archiveEvents, PARTITION_COUNT, syntheticEvents } from './synthetic-log';

const FORGOTTEN = 'user-7';

/** Examples that a training run takes from each user, through the trainer's own reading. */
async function examplesByUser(archive: EventArchive): Promise<Map<string, number>> {
  const counts = { recordCount: 0, undecodableCount: 0, misplacedCount: 0 };
  const found = new Map<string, number>();
  const users = readUserRecords(archive, TOPICS.activity, PARTITION_COUNT, counts, new AbortController().signal);
  for await (const { userId, records } of users) {
    const { candidateExamples, rankingExamples } = replayUser(records, { joinWindowMs: 0, logEndMs: Infinity });
    found.set(userId, candidateExamples.length + rankingExamples.length);
  }
  return found;
}

it('is trained before and after on the same log, without the forgotten user the second time', async () => {
  const data = await temporaryDirectory('forgotten');
  const archive = archiveOf(data.path);
  const store = storeOf(data.path);
  try {
    await archiveEvents(data.path, syntheticEvents({ userCount: 40, videoCount: 80, dayCount: 4 }));
    const currentSizes = async () => {
      const { manifest } = await store.fetch((await store.readPointer()) as string);
      return { id: manifest.snapshotId, sizes: manifest.sizes };
    };
    expect((await train(data.path, '--seed', '7')).code).toBe(0);
    const [before, learnt] = [await examplesByUser(archive), await currentSizes()];
    expect(before.get(FORGOTTEN)).toBeGreaterThan(0);

    const report = await archive.rewrite(TOPICS.activity, ({ key }) => key !== FORGOTTEN);
    expect(report.removedRecordCount).toBeGreaterThan(0);
    const { code } = await train(data.path, '--seed', '7', '--override-gate');
    expect(code).toBe(0);
    const [after, relearnt] = [await examplesByUser(archive), await currentSizes()];
    expect(after.get(FORGOTTEN) ?? 0).toBe(0);
    expect(after.size).toBe(before.size - 1);
    expect(relearnt.id).not.toBe(learnt.id);
    for (const kind of ['candidate_examples', 'ranking_examples']) {
      expect(relearnt.sizes[kind]).toBeGreaterThan(0);
      expect(relearnt.sizes[kind]).toBeLessThan(learnt.sizes[kind] as number);
    }
  } finally {
    await Promise.all([archive.close(), store.close()]);
    await data.remove();
  }
}, 120_000);
