/** Logs that are odd, and what the trainer makes of each: a defined outcome, and never a broken snapshot. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { embeddedPaths } from '@watchnext/config';
import type { Event, Watch } from '@watchnext/contract';
import { DAY_MS, HOUR_MS } from '@watchnext/features';
import { createRandom, shuffle } from '@watchnext/learning';
import { readCatalogue, type ReplayedLog, replayArchive } from '@watchnext/offline';
import { temporaryDirectory } from '@watchnext/testing';
import { parseCommand } from '../src/cli';
import { TrainingRunner } from '../src/training-runner';
import { archiveOf, contextOf, modelDigests, storeOf, train } from './harness';
import { archiveEvents, FIRST_DAY_MS, PARTITION_COUNT, syntheticEvents } from './synthetic-log';

jest.setTimeout(240_000);

const EVENTS = syntheticEvents({ userCount: 40, videoCount: 60, dayCount: 4 });

const watchIn = ({ body }: Event): Watch | undefined => (body?.$case === 'watch' ? body.value : undefined);

/** With the watches changed; undefined leaves one out. */
function watchesChanged(change: (watch: Watch, index: number) => Watch | undefined): Event[] {
  let count = 0;
  return EVENTS.flatMap((event) => {
    const watch = watchIn(event);
    if (!watch) return [event];
    const changed = change(watch, count++);
    return changed ? [{ ...event, body: { $case: 'watch', value: changed } }] : [];
  });
}

/** What training would see of an archive. */
async function replayed(dataDirectory: string): Promise<ReplayedLog> {
  const archive = archiveOf(dataDirectory);
  const signal = new AbortController().signal;
  try {
    const options = { partitionCount: PARTITION_COUNT, joinWindowMs: 24 * HOUR_MS };
    return (await replayArchive(archive, await readCatalogue(archive, signal), options, signal)).replayed;
  } finally {
    await archive.close();
  }
}

/** When each user began each video first, by both ids. */
function firstWatches(events: readonly Event[]): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  for (const event of events) {
    const watch = watchIn(event);
    if (!watch) continue;
    const key = `${watch.userId} ${watch.videoId}`;
    first.set(key, Math.min(first.get(key) ?? Infinity, event.occurredAtMs));
  }
  return first;
}

describe('the trainer on', () => {
  let data: { readonly path: string; remove(): Promise<void> };
  beforeEach(async () => {
    data = await temporaryDirectory('trainer-bad-input');
  });
  afterEach(() => data.remove());

  const errorOf = async () => {
    const app = await contextOf(data.path);
    try {
      await app.get(TrainingRunner).run(parseCommand(['--once', '--seed', '1']));
      return undefined;
    } catch (error) {
      return error as Error;
    } finally {
      await app.close();
    }
  };

  it('events that came twice trains the very same models', async () => {
    await archiveEvents(
      data.path,
      EVENTS.flatMap((event) => [event, event]),
    );
    expect((await train(data.path)).code).toBe(0);
    expect(Object.keys(await modelDigests(data.path)).length).toBeGreaterThan(3);
    const once = await temporaryDirectory('trainer-once');
    try {
      await archiveEvents(once.path, EVENTS);
      expect((await train(once.path)).code).toBe(0);
      expect(await modelDigests(data.path)).toEqual(await modelDigests(once.path));
    } finally {
      await once.remove();
    }
  });

  it('events in any order trains on all that there is to learn, of which nothing sees its future', async () => {
    const order = Int32Array.from(EVENTS, (_, i) => i);
    shuffle(order, createRandom(5));
    await archiveEvents(
      data.path,
      [...order].map((i) => EVENTS[i]),
    );
    expect((await train(data.path)).code).toBe(0);
    const [snapshotId] = await storeOf(data.path).list();
    await expect(storeOf(data.path).fetch(snapshotId)).resolves.toMatchObject({ snapshotId });

    const shuffled = await replayed(data.path);
    const ordered = await temporaryDirectory('trainer-ordered');
    try {
      await archiveEvents(ordered.path, EVENTS);
      const inOrder = await replayed(ordered.path);
      // Every label is there: all the completed watches, and all the impressions with what was watched of them.
      for (const { candidateExamples, rankingExamples } of [inOrder, shuffled]) {
        expect(candidateExamples).toHaveLength(462);
        expect(rankingExamples).toHaveLength(926);
      }
      const labels = ({ rankingExamples }: ReplayedLog) =>
        rankingExamples.map(({ impressionId, clicked, watchSeconds }) => [impressionId, clicked, watchSeconds]).sort();
      expect(labels(shuffled)).toEqual(labels(inOrder));
      // What a label is told is what lay before it in time and, as when it was served, in the log: about half as much.
      const told = ({ candidateExamples }: ReplayedLog) =>
        candidateExamples.reduce((sum, { features }) => sum + features.watchedVideoIds.length, 0);
      expect([told(inOrder), told(shuffled)]).toEqual([2_490, 1_209]);
    } finally {
      await ordered.remove();
    }
    const first = firstWatches(EVENTS);
    const future = shuffled.candidateExamples.filter(({ userId, labelAtMs, features }) =>
      features.watchedVideoIds.some((videoId) => !((first.get(`${userId} ${videoId}`) ?? Infinity) < labelAtMs)),
    );
    expect(future).toEqual([]);
    const ahead = shuffled.rankingExamples.filter(
      ({ userId, servedAtMs, user: { lastWatchedVideoId } }) =>
        lastWatchedVideoId !== '' && !((first.get(`${userId} ${lastWatchedVideoId}`) ?? Infinity) < servedAtMs),
    );
    expect(ahead).toEqual([]);
    expect(shuffled.rankingExamples.some(({ user }) => user.lastWatchedVideoId !== '')).toBe(true);
  });

  it('a day without events trains on the others', async () => {
    const isOfDay = ({ occurredAtMs }: Event, day: number) =>
      Math.floor((occurredAtMs - FIRST_DAY_MS) / DAY_MS) === day;
    await archiveEvents(
      data.path,
      EVENTS.filter((event) => !isOfDay(event, 1)),
    );
    expect((await train(data.path)).code).toBe(0);
  });

  it('watches of no seconds, of ten hours and of less than none trains on those that there can be', async () => {
    const odd = [0, 36_000, -5];
    await archiveEvents(
      data.path,
      watchesChanged((watch, i) => (i % 10 < 3 ? { ...watch, positionSeconds: odd[i % 10] } : watch)),
    );
    expect((await train(data.path)).code).toBe(0);
    const store = storeOf(data.path);
    const [snapshotId] = await store.list();
    const { metrics } = await store.readManifest(snapshotId);
    expect(metrics.length).toBeGreaterThan(0);
    expect(metrics.filter(({ value }) => !Number.isFinite(value))).toEqual([]);
  });

  it('impressions that nobody watched says so and publishes nothing', async () => {
    await archiveEvents(
      data.path,
      watchesChanged((watch) => (watch.impressionId === '' ? watch : undefined)),
    );
    expect((await errorOf())?.message).toMatch(/no impression followed by a watch/);
    expect(await storeOf(data.path).list()).toEqual([]);
  });

  it('viewers who each watched once, so that no history has a watch, says that there is too little and publishes nothing', async () => {
    const seen = new Set<string>();
    await archiveEvents(
      data.path,
      watchesChanged((watch) => {
        if (seen.has(watch.userId)) return undefined;
        seen.add(watch.userId);
        return watch;
      }),
    );
    expect((await train(data.path)).code).toBe(4);
    expect(await storeOf(data.path).list()).toEqual([]);
  });

  it('a current snapshot of another format replaces it', async () => {
    await archiveEvents(data.path, EVENTS);
    expect((await train(data.path)).code).toBe(0);
    const store = storeOf(data.path);
    const before = (await store.readPointer()) as string;
    const manifest = join(embeddedPaths(data.path).snapshots, before, 'manifest.json');
    await writeFile(manifest, JSON.stringify({ formatVersion: 99, snapshotId: before }));
    expect((await train(data.path, '--seed', '2')).code).toBe(0);
    const after = (await store.readPointer()) as string;
    expect(after).not.toBe(before);
    await expect(store.fetch(after)).resolves.toMatchObject({ snapshotId: after });
  });
});
