import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Event, TOPICS } from '@watchnext/contract';
import { openParquetArchive } from '@watchnext/event-archive';
import { eventOf, impressionItemOf, impressionsServedOf, temporaryDirectory, watchOf } from '@watchnext/testing';
import { replayFolder } from './archive';

const HOUR_MS = 3_600_000;
const NOON_MS = Date.UTC(2026, 10, 2, 12);

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
    const archive = openParquetArchive(folder.path);
    await archive.write(
      TOPICS.activity,
      0,
      events.map((event, offset) => ({
        topic: TOPICS.activity,
        partition: 0,
        offset,
        timestampMs: event.receivedAtMs,
        key: offset < 2 ? 'ada' : 'grace',
        value: Event.encode(event).finish(),
      })),
    );
    await archive.close();
    const replayed = await replayFolder(folder.path, { partitionCount: 1, signal: new AbortController().signal });
    expect(replayed.rankingExamples.map(({ impressionId }) => impressionId)).toEqual(['settled']);
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
