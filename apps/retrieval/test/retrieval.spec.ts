import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { exactSearch } from '@watchnext/ann-index';
import { type CandidateModel, scoreVideos } from '@watchnext/candidate-model';
import { embeddedPaths, loadConfig } from '@watchnext/config';
import {
  Event,
  type RetrieveRequest,
  type RetrieveResponse,
  RetrievalServiceClient,
  SnapshotAnnouncement,
  TOPICS,
  type UserState,
  type VideoUpserted,
} from '@watchnext/contract';
import { openEmbeddedEventLog } from '@watchnext/event-log';
import { newState } from '@watchnext/features';
import { createLogger } from '@watchnext/service';
import { SNAPSHOT_FILES, writeSafetensorsFile } from '@watchnext/snapshot-store';
import { eventOf, eventually, videoUpsertedOf } from '@watchnext/testing';
import { retrievalSettings } from '../src/config';
import { queryFeatures } from '../src/user-vector';
import { startRetrieval } from '../src/start';
import { flipBit, publishSnapshot, spoilValue } from '@watchnext/testing/snapshots';
import { randomCandidateModel, writeCandidateFiles } from '@watchnext/testing/snapshots';

const videoIds = Array.from({ length: 60 }, (_, index) => `v${String(index).padStart(2, '0')}`);
/** Channels of ten videos, each with a topic of its own. */
const factsOf = (videoId: string) => {
  const group = Math.floor(Number(videoId.slice(1)) / 10);
  return { channelId: `ch${group}`, topics: [`t${group}`] };
};
const NOW = 1_790_000_000_000;
const context = {
  requestedAtMs: NOW,
  surface: 'home',
  country: 'SE',
  device: 'phone',
  loggedIn: true,
  seedVideoId: '',
};
const watchOf = (videoId: string, index: number) => ({
  videoId,
  startedAtMs: NOW - 100_000 + index,
  watchSeconds: 60,
  durationSeconds: 60,
  playbackHash: index,
});
/** Which user vector scores the video highest. */
function interestOf(model: CandidateModel, users: Float32Array, videoId: string): number {
  const { dimensions } = model.config;
  const row = model.videoRow(videoId)! * dimensions;
  const products = Array.from({ length: users.length / dimensions }, (_, k) =>
    model.videoVectors.subarray(row, row + dimensions).reduce((sum, v, d) => sum + v * users[k * dimensions + d]!, 0),
  );
  return products.indexOf(Math.max(...products));
}
const watched = (...ids: string[]): UserState => ({ ...newState('u'), watches: ids.map(watchOf) });

describe('the retrieval service', () => {
  const logger = createLogger('retrieval', { level: 'silent', format: 'json' });
  let dataDirectory: string;
  let running: Awaited<ReturnType<typeof startRetrieval>>;
  let client: RetrievalServiceClient;
  let metricsPort: number;
  let errors: jest.SpiedFunction<typeof logger.error>;
  const settingsOf = () =>
    loadConfig(retrievalSettings, {
      WATCHNEXT_DATA_DIR: dataDirectory,
      WATCHNEXT_GRPC_PORT: '0',
      WATCHNEXT_METRICS_PORT: '0',
      WATCHNEXT_HELD_SNAPSHOTS: '2',
    });
  const snapshots = () => embeddedPaths(settingsOf().WATCHNEXT_DATA_DIR).snapshots;
  const publish = (snapshotId: string, seed: number, withIndex = true) =>
    publishSnapshot(snapshots(), snapshotId, (directory) =>
      writeCandidateFiles(directory, { videoIds, seed, withIndex, factsOf }),
    );

  const retrieve = (request: Partial<RetrieveRequest>) =>
    new Promise<RetrieveResponse>((resolve, reject) =>
      client.retrieve(
        { state: newState('u'), context, candidateCount: 10, snapshotId: '', excludeVideoIds: [], ...request },
        (error, response) => (error ? reject(error) : resolve(response)),
      ),
    );
  const refusal = (request: Partial<RetrieveRequest>): Promise<ServiceError> =>
    retrieve(request).then(
      () => {
        throw new Error('was answered');
      },
      (error: ServiceError) => error,
    );
  const announce = async (snapshotId: string) => {
    const log = openEmbeddedEventLog(embeddedPaths(settingsOf().WATCHNEXT_DATA_DIR).eventLog);
    const value = SnapshotAnnouncement.encode({ snapshotId, announcedAtMs: NOW }).finish();
    await log.append(TOPICS.snapshots, [{ key: snapshotId, value }]);
    await log.close();
  };
  const tell = async (...bodies: NonNullable<Event['body']>[]) => {
    const log = openEmbeddedEventLog(embeddedPaths(settingsOf().WATCHNEXT_DATA_DIR).eventLog);
    const records = bodies.map((body) => {
      const event = eventOf(body, NOW);
      const value = event.body as { value: { videoId: string } };
      return { key: value.value.videoId, value: Event.encode(event).finish() };
    });
    await log.append(TOPICS.catalog, records);
    await log.close();
  };
  const upserted = (videoId: string, group: number, more: Partial<VideoUpserted> = {}) =>
    videoUpsertedOf(videoId, {
      video: { channelId: `ch${group}`, topics: [`t${group}`], durationSeconds: 60, uploadedAtMs: NOW },
      ...more,
    });
  /** All that a viewer may be shown, once `isExpected` of it: the catalogue takes a moment. */
  const shownWhen = async (isExpected: (shown: string[]) => boolean, request: Partial<RetrieveRequest> = {}) => {
    let shown: string[] = [];
    const isSo = async () => {
      const { candidates } = await retrieve({ candidateCount: 200, ...request });
      shown = candidates.map(({ videoId }) => videoId);
      return isExpected(shown);
    };
    await eventually(isSo, `videos of which holds ${String(isExpected)}`);
    return shown;
  };
  const untilServed = (snapshotId: string) =>
    eventually(async () => expect((await retrieve({})).snapshotId).toBe(snapshotId));

  beforeAll(async () => {
    dataDirectory = await mkdtemp(join(tmpdir(), 'watchnext-retrieval-'));
    errors = jest.spyOn(logger, 'error');
    const info = jest.spyOn(logger, 'info');
    running = await startRetrieval(settingsOf(), logger);
    const told = info.mock.calls.find(([, text]) => (text as unknown) === 'metrics listening');
    metricsPort = (told![0] as unknown as { port: number }).port;
    info.mockRestore();
    client = new RetrievalServiceClient(`127.0.0.1:${running.port}`, credentials.createInsecure());
  });

  afterAll(async () => {
    errors.mockRestore();
    client.close();
    await running.app.close();
    await rm(dataDirectory, { recursive: true, force: true });
  });

  /** Values of a metric, by a label. */
  const metric = async (name: string, label: string): Promise<Record<string, number>> => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    const lines = [...text.matchAll(new RegExp(`^${name}\\{${label}="([^"]*)"\\} (\\S+)$`, 'gm'))];
    return Object.fromEntries(lines.map(([, value, number]) => [value!, Number(number)]));
  };
  const gauge = async (name: string) => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  };
  const leftOut = () => metric('watchnext_retrieval_left_out_videos_total', 'reason');
  /** What one request adds to the counts, those of nothing left away. */
  const leftOutOf = async (request: Partial<RetrieveRequest>) => {
    const before = await leftOut();
    await retrieve(request);
    const after = await leftOut();
    const added = Object.entries(after).map(([reason, count]) => [reason, count - (before[reason] ?? 0)] as const);
    return Object.fromEntries(added.filter(([, count]) => count > 0));
  };
  /** Refusals by what is logged: one that is tried again, by a poll beside its announcement, counts again. */
  const loggedRefusals = (code: string) =>
    errors.mock.calls.filter(([facts]) => (facts as unknown as { err?: { code?: string } }).err?.code === code).length;
  /** The metric at a moment in which nothing was refused, and how often it was logged up to then. */
  const refusals = async (code: string) => {
    for (;;) {
      const logged = loggedRefusals(code);
      const byReason = await metric('watchnext_snapshot_refusals_total', 'reason');
      if (loggedRefusals(code) === logged) return { byReason, logged };
    }
  };

  it('refuses a first snapshot whose user tower has a weight that is no number, though nobody asked yet', async () => {
    const { tower } = randomCandidateModel({ videoIds, seed: 9 });
    await publishSnapshot(snapshots(), '20251231T000000Z-aaaaaa', async (directory) => {
      const written = await writeCandidateFiles(directory, { videoIds, seed: 9, factsOf });
      await spoilValue(join(directory, SNAPSHOT_FILES.userTower), tower[0]!.weights);
      return written;
    });
    await announce('20251231T000000Z-aaaaaa');
    await eventually(() => errors.mock.calls.length > 0, 'a refusal');
    expect(errors.mock.calls[0]![0]).toMatchObject({
      err: expect.objectContaining({ code: 'canary-failed', message: expect.stringContaining('not finite') }),
    });
  });

  it('is unavailable before the first snapshot, then serves what is announced', async () => {
    expect((await refusal({})).code).toBe(status.UNAVAILABLE);
    await publish('20260101T000000Z-aaaaaa', 1);
    await announce('20260101T000000Z-aaaaaa');
    await untilServed('20260101T000000Z-aaaaaa');
    // By videos, as nobody has asked yet.
    expect(await gauge('watchnext_retrieval_canary_recall_at_100')).toBeCloseTo(1, 9);
    const { byReason, logged } = await refusals('canary-failed');
    const { 'canary-failed': ofBefore, ...others } = byReason;
    expect(ofBefore).toBe(logged);
    expect(logged).toBeGreaterThan(0);
    expect(new Set(Object.values(others))).toEqual(new Set([0]));
  });

  it('answers the nearest videos as exact search finds them, best first', async () => {
    const model = randomCandidateModel({ videoIds, seed: 1 });
    const state = watched('v03', 'v07');
    const { candidates } = await retrieve({ state, candidateCount: 20 });
    const user = model.userVector(queryFeatures(state, context), 0);
    const { labels } = exactSearch(model.videoVectors, model.config.dimensions, user, 60);
    const expected = labels.map((row) => videoIds[row]).filter((videoId) => videoId !== 'v03' && videoId !== 'v07');
    expect(candidates.map(({ videoId }) => videoId)).toEqual(expected.slice(0, 20));
    const scores = candidates.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
  });

  it('leaves out what was watched, dismissed, excluded, and the seed, and still fills the request', async () => {
    const all = (await retrieve({ candidateCount: 60 })).candidates.map(({ videoId }) => videoId);
    expect(all.length).toBe(60);
    const state = { ...watched(...all.slice(0, 20)), dismissals: [{ videoId: all[20]!, dismissedAtMs: NOW - 1 }] };
    const seeded = { ...context, seedVideoId: all[21]! };
    const { candidates } = await retrieve({
      state,
      context: seeded,
      excludeVideoIds: all.slice(22, 40),
      candidateCount: 20,
    });
    expect(new Set(candidates.map(({ videoId }) => videoId))).toEqual(new Set(all.slice(40)));
    // Each once, under the first reason, and no video that the snapshot does not have.
    expect(
      await leftOutOf({
        state,
        context: seeded,
        excludeVideoIds: [...all.slice(0, 3), ...all.slice(22, 40), 'unknown'],
      }),
    ).toEqual({ watched: 20, dismissed: 1, seed: 1, asked: 18 });
    expect(await leftOutOf({})).toEqual({});
  });

  it('answers nothing, not an error, when everything is left out', async () => {
    expect((await retrieve({ excludeVideoIds: videoIds })).candidates).toEqual([]);
  });

  it('takes the seed of an up-next list for the newest watch', async () => {
    const seeded = { ...context, seedVideoId: 'v09' };
    expect(queryFeatures(watched('v01'), seeded).watchedVideoIds).toEqual(['v01', 'v09']);
    const full = watched(...Array.from({ length: 50 }, (_, index) => videoIds[index]!));
    expect(queryFeatures(full, { ...context, seedVideoId: 'v59' }).watchedVideoIds.length).toBe(50);
    const { watchedVideoIds: videos, watchedAtMs: times } = queryFeatures(full, { ...context, seedVideoId: 'v59' });
    expect(times).toHaveLength(videos.length);
    expect(times?.at(-1)).toBe(context.requestedAtMs);
    const plain = (await retrieve({ state: watched('v01') })).candidates;
    expect((await retrieve({ state: watched('v01'), context: seeded })).candidates).not.toEqual(plain);
  });

  it.each([
    [{ candidateCount: 0 }, 'candidateCount'],
    [{ candidateCount: 2_001 }, 'candidateCount'],
    [{ state: undefined }, 'state'],
    [{ context: undefined }, 'context'],
    [{ context: { ...context, requestedAtMs: 0 } }, 'context.requestedAtMs'],
    [
      { state: { ...newState('u'), watches: [{ ...watchOf('v01', 1), watchSeconds: NaN }] } },
      'state.watches[0].watchSeconds',
    ],
    [
      { state: { ...newState('u'), watches: [{ ...watchOf('v01', 1), durationSeconds: -5 }] } },
      'state.watches[0].durationSeconds',
    ],
    [{ excludeVideoIds: Array<string>(2_001).fill('x') }, 'excludeVideoIds'],
  ])('refuses a bad request by its field: %#', async (request, field) => {
    const error = await refusal(request as Partial<RetrieveRequest>);
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(error.details.startsWith(field)).toBe(true);
  });

  it('finds a new video of the catalogue before any training, and a withdrawn one no more', async () => {
    await tell(upserted('new', 3), { $case: 'videoWithdrawn', value: { videoId: 'v05', reason: '' } });
    const shown = await shownWhen((ids) => ids.includes('new') && !ids.includes('v05'));
    expect(shown).toHaveLength(60);
    expect(await leftOutOf({})).toEqual({ withdrawn: 1 });
    await tell(upserted('v05', 0), { $case: 'videoWithdrawn', value: { videoId: 'new', reason: '' } });
    expect(await shownWhen((ids) => ids.includes('v05') && !ids.includes('new'))).toHaveLength(60);
    expect((await retrieve({ candidateCount: 200, state: watched('v01') })).candidates).toHaveLength(59);
  });

  it('leaves out blocked channels and what limits of country and age keep from the viewer', async () => {
    const availability = (more: object) => ({ countries: [], excludedCountries: [], minimumAgeYears: 0, ...more });
    await tell(
      upserted('v11', 1, { availability: availability({ countries: ['NO'] }) }),
      upserted('v12', 1, { availability: availability({ minimumAgeYears: 18 }) }),
      upserted('v13', 1),
      upserted('v20', 2),
    );
    // Each comes by itself, from a partition of its own.
    await shownWhen((shown) => !shown.includes('v11') && !shown.includes('v12'));
    // Lower case, where the video's limit is upper case.
    const profile = { country: 'no', language: '', ageYears: 30, gender: 0, blockedChannelIds: ['ch2', 'unheard of'] };
    const asked = { state: { ...newState('u'), profile }, context: { ...context, country: '' } };
    const ids = await shownWhen((shown) => !shown.includes('v20'), asked);
    expect(ids).toEqual(expect.arrayContaining(['v11', 'v12', 'v13']));
    expect(ids).toHaveLength(59);
    // 'new' is of channel 3, and withdrawn.
    expect(await leftOutOf({})).toEqual({ country: 1, age: 1, withdrawn: 1 });
    const blocking = { ...profile, blockedChannelIds: ['ch2', 'ch1', 'ch1', 'ch3'] };
    const state = { ...newState('u'), profile: blocking };
    await shownWhen((shown) => !shown.includes('v13'), { state });
    expect(await leftOutOf({ state })).toEqual({
      'blocked-channel': 4,
      country: 1,
      withdrawn: 1,
    });
    await tell(upserted('v11', 1), upserted('v12', 1));
    await shownWhen((all) => all.includes('v11') && all.includes('v12'));
    expect(await leftOutOf({})).toEqual({ withdrawn: 1 });
  });

  it('answers from any snapshot it holds, and names those for one it does not', async () => {
    await publish('20260102T000000Z-bbbbbb', 2);
    await announce('20260102T000000Z-bbbbbb');
    await untilServed('20260102T000000Z-bbbbbb');
    expect((await retrieve({ snapshotId: '20260101T000000Z-aaaaaa' })).snapshotId).toBe('20260101T000000Z-aaaaaa');
    const error = await refusal({ snapshotId: '20250101T000000Z-ffffff' });
    expect(error.code).toBe(status.FAILED_PRECONDITION);
    expect(error.metadata.get('watchnext-snapshots')).toEqual(['20260102T000000Z-bbbbbb,20260101T000000Z-aaaaaa']);
  });

  it('searches exactly where the snapshot has no index', async () => {
    const state = watched('v05');
    const withIndex = await retrieve({ state, candidateCount: 60 });
    await publish('20260103T000000Z-cccccc', 2, false);
    await announce('20260103T000000Z-cccccc');
    await untilServed('20260103T000000Z-cccccc');
    expect((await retrieve({ state, candidateCount: 60 })).candidates).toEqual(withIndex.candidates);
  });

  it('tells a new snapshot what the catalogue said before it takes over', async () => {
    await tell({ $case: 'videoWithdrawn', value: { videoId: 'v30', reason: '' } }, upserted('newer', 4));
    await shownWhen((ids) => !ids.includes('v30') && ids.includes('newer'));
    await publish('20260103T120000Z-cdcdcd', 5);
    await announce('20260103T120000Z-cdcdcd');
    await untilServed('20260103T120000Z-cdcdcd');
    const shown = (await retrieve({ candidateCount: 200 })).candidates.map(({ videoId }) => videoId);
    expect(shown).toContain('newer');
    expect(shown).not.toContain('v30');
  });

  it('refuses a snapshot whose index is over other vectors, and says so', async () => {
    const before = errors.mock.calls.length;
    const many = Array.from({ length: 2_000 }, (_, i) => `w${i}`);
    await publishSnapshot(snapshots(), '20260103T180000Z-eeeeee', async (directory) => {
      const { index } = await writeCandidateFiles(directory, { videoIds: many, seed: 6 });
      const other = randomCandidateModel({ videoIds: many, seed: 7 });
      await writeSafetensorsFile(join(directory, SNAPSHOT_FILES.candidateTensors), other.toParts().tensors);
      return { index };
    });
    await announce('20260103T180000Z-eeeeee');
    await eventually(() => errors.mock.calls.length > before, 'a refusal');
    expect(errors.mock.calls[before]![0]).toMatchObject({
      snapshotId: '20260103T180000Z-eeeeee',
      err: expect.objectContaining({ code: 'canary-failed' }),
    });
    expect((await retrieve({})).snapshotId).toBe('20260103T120000Z-cdcdcd');
    const { byReason, logged } = await refusals('canary-failed');
    expect(byReason).toMatchObject({ 'canary-failed': logged, 'snapshot-corrupt': 0, 'does-not-load': 0 });
    expect(await gauge('watchnext_retrieval_canary_recall_at_100')).toBeLessThan(0.9);
  });

  it('serves a snapshot of several interests, each video by the one that scores it highest', async () => {
    const options = { videoIds, seed: 8, interests: 3 };
    await publishSnapshot(snapshots(), '20260103T200000Z-abcabc', (directory) =>
      writeCandidateFiles(directory, options),
    );
    await announce('20260103T200000Z-abcabc');
    await untilServed('20260103T200000Z-abcabc');
    const model = randomCandidateModel(options);
    const state = watched('v03', 'v07');
    const scores = scoreVideos(model, model.userVector(queryFeatures(state, context), 0));
    const { candidates } = await retrieve({ state, candidateCount: 20 });
    const isShown = (videoId: string) => !['v03', 'v07', 'v30'].includes(videoId);
    const expected = videoIds.filter(isShown).sort((a, b) => scores[model.videoRow(b)!]! - scores[model.videoRow(a)!]!);
    expect(candidates.map(({ videoId }) => videoId)).toEqual(expected.slice(0, 20));
    for (const { videoId, score } of candidates) expect(score).toBeCloseTo(scores[model.videoRow(videoId)!]!, 3);
    // By more than one of them, or the others would be for nothing.
    const best = candidates.map(({ videoId }) =>
      interestOf(model, model.userVector(queryFeatures(state, context), 0), videoId),
    );
    expect(new Set(best).size).toBeGreaterThan(1);
  });

  it('serves on what it has when a new snapshot has a flipped bit', async () => {
    await publishSnapshot(
      snapshots(),
      '20260104T000000Z-dddddd',
      (directory) => writeCandidateFiles(directory, { videoIds, seed: 4 }),
      { damage: (directory) => flipBit(join(directory, SNAPSHOT_FILES.candidateTensors), 2_000) },
    );
    await announce('20260104T000000Z-dddddd');
    // The one of the test before may be tried, and refused, once more.
    const isRefused = () =>
      errors.mock.calls.some(
        ([told]) => (told as unknown as { snapshotId?: string }).snapshotId === '20260104T000000Z-dddddd',
      );
    await eventually(isRefused, 'a refusal');
    const { snapshotId, heldSnapshotIds } = await retrieve({});
    expect(snapshotId).toBe('20260103T200000Z-abcabc');
    expect(heldSnapshotIds).not.toContain('20260104T000000Z-dddddd');
    const { byReason, logged } = await refusals('snapshot-corrupt');
    expect(byReason['snapshot-corrupt']).toBe(logged);
    expect(logged).toBeGreaterThan(0);
  });
});
