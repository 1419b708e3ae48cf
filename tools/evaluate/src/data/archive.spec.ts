import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Event, TOPICS } from '@watchnext/contract';
import { openParquetArchive } from '@watchnext/event-archive';
import { HOUR_MS } from '@watchnext/features';
import { eventOf, impressionItemOf, impressionsServedOf, temporaryDirectory, watchOf } from '@watchnext/testing';
import { splitWatches } from '../candidates/protocol';
import { archiveFingerprint, replayFolder, watchDataOf } from './archive';

const NOON_MS = Date.UTC(2026, 10, 2, 12);

/** Of ada and grace, in one partition. */
async function archiveOf(path: string, events: readonly Event[]): Promise<void> {
  const archive = openParquetArchive(path);
  await archive.write(
    TOPICS.activity,
    0,
    events.map((event, offset) => ({
      topic: TOPICS.activity,
      partition: 0,
      offset,
      timestampMs: event.receivedAtMs,
      key: event.body?.$case === 'watch' ? event.body.value.userId : 'ada',
      value: Event.encode(event).finish(),
    })),
  );
  await archive.close();
}

it('takes no impression of a live log whose watch may still come', async () => {
  const folder = await temporaryDirectory('evaluate-archive');
  try {
    const served = (impressionId: string) =>
      impressionsServedOf('ada', [impressionItemOf('v1', { impressionId })], { requestId: `of ${impressionId}` });
    const events = [
      eventOf(served('settled'), NOON_MS),
      eventOf(served('open'), NOON_MS + 23 * HOUR_MS),
      eventOf(watchOf('grace', 'v2'), NOON_MS + 24 * HOUR_MS),
    ];
    await archiveOf(folder.path, events);
    const replayed = await replayFolder(folder.path, { partitionCount: 1, signal: new AbortController().signal });
    expect(replayed.rankingExamples.map(({ impressionId }) => impressionId)).toEqual(['settled']);
  } finally {
    await folder.remove();
  }
});

it('tells an archive from another with as many records, and is the same of a copy elsewhere', async () => {
  const folder = await temporaryDirectory('evaluate-fingerprint');
  try {
    const of = async (name: string, videoId: string) => {
      const path = join(folder.path, name);
      await archiveOf(path, [eventOf(watchOf('grace', videoId, { playbackId: 'the same' }), NOON_MS)]);
      return archiveFingerprint(path);
    };
    const first = await of('first', 'v1');
    expect(await of('other', 'v2')).not.toBe(first);
    await cp(join(folder.path, 'first'), join(folder.path, 'copy'), { recursive: true });
    await writeFile(join(folder.path, 'copy', 'notes.txt'), 'no part of it');
    expect(await archiveFingerprint(join(folder.path, 'copy'))).toBe(first);
  } finally {
    await folder.remove();
  }
});

it('trains on what a heavy user watched before the days that are held out, however much there was on them', async () => {
  const folder = await temporaryDirectory('evaluate-heavy-user');
  try {
    const MINUTE_MS = 60_000;
    const videoOf = (n: number) => (n === 1_499 ? 'v0' : `v${n}`);
    const watch = (userId: string, n: number, atMs: number) =>
      eventOf(watchOf(userId, videoOf(n), { playbackId: `${userId} ${n}` }), atMs);
    const testFromMs = NOON_MS + 500 * MINUTE_MS;
    await archiveOf(folder.path, [
      ...Array.from({ length: 500 }, (_, n) => watch('ada', n, NOON_MS + n * MINUTE_MS)),
      ...Array.from({ length: 1_000 }, (_, n) => watch('ada', 500 + n, testFromMs + n * 10_000)),
      watch('grace', 1, NOON_MS),
      watch('grace', 2, NOON_MS + 499 * MINUTE_MS),
      watch('grace', 3, testFromMs),
    ]);
    const replayed = await replayFolder(folder.path, { partitionCount: 1, signal: new AbortController().signal });
    const split = splitWatches(
      watchDataOf(replayed, 'spec'),
      { name: 'temporal', testDays: 1, testFromMs, queriesPerUser: 10_000 },
      'left-out',
    );
    const known = [...split.training, ...split.validationExamples];
    expect(known.filter(({ userId }) => userId === 'ada')).toHaveLength(500);
    expect(split.test.filter(({ example }) => example.userId === 'ada')).toHaveLength(999);
    // The last is the first once more, which is still known to have been seen.
    expect(split.rewatchCount).toBe(1);
  } finally {
    await folder.remove();
  }
});

it('names a folder that is not there, and one that holds an archive and is none', async () => {
  const folder = await temporaryDirectory('evaluate-no-archive');
  const replay = (path: string) => replayFolder(path, { partitionCount: 1, signal: new AbortController().signal });
  try {
    const missing = join(folder.path, 'archives');
    await expect(replay(missing)).rejects.toThrow(`${missing} cannot be read: ENOENT`);
    await mkdir(join(folder.path, 'archive'));
    await expect(replay(folder.path)).rejects.toThrow(/is no archive: .*; did you mean .*archive\?$/);
  } finally {
    await folder.remove();
  }
});
