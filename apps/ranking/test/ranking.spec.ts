import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { embeddedPaths, loadConfig } from '@watchnext/config';
import { type RankRequest, type RankResponse, RankingServiceClient, TOPICS, type UserState } from '@watchnext/contract';
import { openEmbeddedEventLog } from '@watchnext/event-log';
import { newState, rankingUserFeatures, rankingVideoFeatures } from '@watchnext/features';
import { runStack } from '@watchnext/learning';
import { featuresChecksum } from '@watchnext/ranking-model';
import { createLogger } from '@watchnext/service';
import { SNAPSHOT_FILES } from '@watchnext/snapshot-store';
import { eventually } from '@watchnext/testing';
import { publishSnapshot, spoilValue } from '@watchnext/testing/snapshots';
import { rankingSettings } from '../src/config';
import { startRanking } from '../src/start';
import { statisticsOf, trainTinyRanker, writeRankingFiles } from '@watchnext/testing/snapshots';

const SNAPSHOT = '20260101T000000Z-aaaaaa';
const NOW = 1_790_000_000_000;
const context = {
  requestedAtMs: NOW,
  surface: 'home',
  country: 'SE',
  device: 'phone',
  loggedIn: true,
  seedVideoId: '',
};
const videos = Array.from({ length: 30 }, (_, index) => ({
  videoId: `v${index}`,
  channelId: `c${index % 6}`,
  durationSeconds: 60 + index * 10,
  uploadedAtMs: 1_770_000_000_000 + index * 3_600_000,
}));
const candidates = videos.map(({ videoId, ...facts }, index) => ({
  videoId,
  video: { ...facts, topics: ['t'] },
  source: 'retrieval',
  sourceScore: Math.fround(0.1 * index - 1),
}));
const state: UserState = {
  ...newState('u'),
  watches: [{ videoId: 'v2', startedAtMs: NOW - 5_000, watchSeconds: 40, durationSeconds: 80, playbackHash: 7 }],
  channels: [
    { key: 'c2', watchCount: 1, watchSeconds: 40, lastWatchedAtMs: NOW - 5_000, impressionCount: 3, lastShownAtMs: 0 },
  ],
  watchCount: 1,
};

it('says which setting names a data folder that cannot be made', async () => {
  const settings = loadConfig(rankingSettings, {
    WATCHNEXT_DATA_DIR: join(__filename, 'data'),
    WATCHNEXT_GRPC_PORT: '0',
  });
  const starting = startRanking(settings, createLogger('ranking', { level: 'silent', format: 'json' }));
  await expect(starting).rejects.toThrow(/WATCHNEXT_DATA_DIR: the folder .* cannot be made or written to \(ENOTDIR\)/);
});

it('does not start where the topic of snapshots has another number of partitions', async () => {
  const topic = TOPICS.snapshots;
  const directory = await mkdtemp(join(tmpdir(), 'watchnext-ranking-refused-'));
  const settings = loadConfig(rankingSettings, { WATCHNEXT_DATA_DIR: directory, WATCHNEXT_GRPC_PORT: '0' });
  const log = openEmbeddedEventLog(embeddedPaths(settings.WATCHNEXT_DATA_DIR).eventLog);
  await log.ensureTopics([{ name: topic, partitionCount: 3, compacted: true }]);
  await log.close();
  const starting = startRanking(settings, createLogger('ranking', { level: 'silent', format: 'json' })).then(
    ({ app }) => app.close(),
  );
  await expect(starting).rejects.toThrow(`topic ${topic} has 3 partitions`);
  await rm(directory, { recursive: true, force: true });
});

it('loads nothing once it is told to stop, and ends', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'watchnext-ranking-stopped-'));
  const settings = loadConfig(rankingSettings, { WATCHNEXT_DATA_DIR: directory, WATCHNEXT_GRPC_PORT: '0' });
  await publishSnapshot(
    embeddedPaths(settings.WATCHNEXT_DATA_DIR).snapshots,
    '20260101T000000Z-aaaaaa',
    async (folder) => {
      await writeRankingFiles(folder, { videos, seed: 1 });
      return {};
    },
  );
  const logger = createLogger('ranking', { level: 'silent', format: 'json' });
  const told = [jest.spyOn(logger, 'info'), jest.spyOn(logger, 'error')];
  const { app } = await startRanking(settings, logger, AbortSignal.abort(new Error('SIGTERM')));
  await app.close();
  for (const { mock } of told) {
    expect(mock.calls.filter(([facts]) => 'snapshotId' in (facts as object))).toEqual([]);
  }
  await rm(directory, { recursive: true, force: true });
});

describe('the ranking service', () => {
  const logger = createLogger('ranking', { level: 'silent', format: 'json' });
  let dataDirectory: string;
  let running: Awaited<ReturnType<typeof startRanking>>;
  let client: RankingServiceClient;
  let metricsPort: number;

  const refusalsBy = async (reason: string) => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    return Number(
      new RegExp(`^watchnext_snapshot_refusals_total\\{reason="${reason}"\\} (\\S+)$`, 'm').exec(text)?.[1],
    );
  };
  const rank = (request: Partial<RankRequest> = {}) =>
    new Promise<RankResponse>((resolve, reject) =>
      client.rank(
        { state, context, candidates, snapshotId: '', explain: false, checksumCount: 0, ...request },
        (error, response) => (error ? reject(error) : resolve(response)),
      ),
    );
  const refusal = (request: Partial<RankRequest>): Promise<ServiceError> =>
    rank(request).then(
      () => {
        throw new Error('was answered');
      },
      (error: ServiceError) => error,
    );

  beforeAll(async () => {
    dataDirectory = await mkdtemp(join(tmpdir(), 'watchnext-ranking-'));
    const settings = loadConfig(rankingSettings, {
      WATCHNEXT_DATA_DIR: dataDirectory,
      WATCHNEXT_GRPC_PORT: '0',
      WATCHNEXT_METRICS_PORT: '0',
    });
    await publishSnapshot(embeddedPaths(settings.WATCHNEXT_DATA_DIR).snapshots, SNAPSHOT, async (directory) => {
      await writeRankingFiles(directory, { videos, seed: 1 });
      return {};
    });
    const info = jest.spyOn(logger, 'info');
    running = await startRanking(settings, logger);
    const told = info.mock.calls.find(([, text]) => (text as unknown) === 'metrics listening');
    metricsPort = (told![0] as unknown as { port: number }).port;
    info.mockRestore();
    client = new RankingServiceClient(`127.0.0.1:${running.port}`, credentials.createInsecure());
  });

  afterAll(async () => {
    client.close();
    await running.app.close();
    await rm(dataDirectory, { recursive: true, force: true });
  });

  it('scores every candidate, in the order given, as the model does', async () => {
    const { scores, snapshotId } = await rank();
    expect(snapshotId).toBe(SNAPSHOT);
    expect(scores.map(({ videoId }) => videoId)).toEqual(candidates.map(({ videoId }) => videoId));
    const model = await trainTinyRanker({ videos, seed: 1 });
    const row = new Float32Array(model.inputSize);
    const user = model.encodeUser(rankingUserFeatures(state, context));
    const statistics = statisticsOf(videos);
    for (const [index, candidate] of candidates.entries()) {
      model.writeInput(user, rankingVideoFeatures(state, candidate, context), statistics, row, 0);
      const logit = runStack(model.tower, row, 1)[0]!;
      expect(scores[index]!.featuresChecksum).toBe(featuresChecksum(row));
      expect(scores[index]!.logit).toBeCloseTo(logit, 4);
      expect(scores[index]!.expectedWatchSeconds).toBeCloseTo(Math.exp(logit), 2);
    }
  });

  it('gives the checksums of the best alone where no more are asked for', async () => {
    const whole = (await rank()).scores;
    const { scores } = await rank({ checksumCount: 3 });
    const best = whole.toSorted((a, b) => b.expectedWatchSeconds - a.expectedWatchSeconds).slice(0, 3);
    const bestIds = new Set(best.map(({ videoId }) => videoId));
    expect(scores).toEqual(
      whole.map((one) => ({ ...one, featuresChecksum: bestIds.has(one.videoId) ? one.featuresChecksum : 0 })),
    );
    expect((await rank({ checksumCount: 2_000 })).scores).toEqual(whole);
  });

  it('gives a candidate the same bits whatever the others are', async () => {
    const all = (await rank()).scores;
    const few = (await rank({ candidates: [candidates[17]!, candidates[4]!] })).scores;
    expect(few).toEqual([all[17], all[4]]);
    // So many that the tower is at work on some while others are written.
    const many = Array.from({ length: 700 }, (_, index) => candidates[index % candidates.length]!);
    const { scores } = await rank({ candidates: many });
    expect(scores).toEqual(many.map((_, index) => all[index % candidates.length]));
  });

  it('explains with raw feature values and the parts of the score', async () => {
    const { scores } = await rank({ explain: true });
    const plain = (await rank()).scores;
    expect(scores.map(({ logit }) => logit)).toEqual(plain.map(({ logit }) => logit));
    const features = new Map(scores[2]!.features.map(({ name, value }) => [name, value?.value]));
    expect(features.get('video')).toBe('v2');
    expect(features.get('durationSeconds')).toBe(80);
    expect(features.get('channelWatchCount')).toBe(1);
    const groups = scores[2]!.parts.map(({ group }) => group);
    expect(groups).toEqual(expect.arrayContaining(['video', 'channel', 'sourceScore', 'durationSeconds']));
    expect(groups).not.toContain('surface');
    expect(scores.every(({ parts }) => parts.every(({ logitChange }) => Number.isFinite(logitChange)))).toBe(true);
    expect(plain[2]).toMatchObject({ features: [], parts: [] });
  });

  it.each([
    [{ candidates: [] }, 'candidates'],
    [{ candidates: Array(2_001).fill(candidates[0]) }, 'candidates'],
    [{ candidates: [{ ...candidates[0]!, videoId: '' }] }, 'candidates[0].videoId'],
    [{ candidates: [candidates[0]!, { ...candidates[1]!, sourceScore: NaN }] }, 'candidates[1].sourceScore'],
    [
      { candidates: [{ ...candidates[0]!, video: { ...candidates[0]!.video, durationSeconds: -1 } }] },
      'candidates[0].video.durationSeconds',
    ],
    [{ state: undefined }, 'state'],
    [{ context: { ...context, requestedAtMs: 0 } }, 'context.requestedAtMs'],
  ])('refuses a bad request by its field: %#', async (request, field) => {
    const error = await refusal(request as Partial<RankRequest>);
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(error.details.startsWith(field)).toBe(true);
  });

  it('names what it holds when asked for another snapshot', async () => {
    const error = await refusal({ snapshotId: '20250101T000000Z-ffffff' });
    expect(error.code).toBe(status.FAILED_PRECONDITION);
    expect(error.metadata.get('watchnext-snapshots')).toEqual([SNAPSHOT]);
  });

  it.each([0, 1, -1])(
    'refuses a snapshot whose tower has a weight that is no number, in layer %d, says so, and serves on',
    async (layer) => {
      const told = jest.spyOn(logger, 'error');
      const before = await refusalsBy('scores-not-finite');
      const snapshotId = `20260102T00000${layer + 1}Z-bbbbbb`;
      const { tower } = await trainTinyRanker({ videos, seed: 2 });
      await publishSnapshot(join(dataDirectory, 'snapshots'), snapshotId, async (directory) => {
        await writeRankingFiles(directory, { videos, seed: 2 });
        await spoilValue(join(directory, SNAPSHOT_FILES.ranker), tower.at(layer)!.weights);
        return {};
      });
      const refusals = () => told.mock.calls.map(([facts]) => facts as { snapshotId?: string; err?: unknown });
      const isOfIt = (facts: { snapshotId?: string }) => facts.snapshotId === snapshotId;
      await eventually(() => refusals().some(isOfIt), `a refusal of ${snapshotId}`);
      expect(refusals().find(isOfIt)?.err).toMatchObject({ code: 'scores-not-finite' });
      told.mockRestore();
      expect(await refusalsBy('scores-not-finite')).toBeGreaterThan(before);
      expect(await refusalsBy('does-not-load')).toBe(0);
      const answer = await rank();
      expect(answer.snapshotId).toBe(SNAPSHOT);
      expect(answer.heldSnapshotIds).toEqual([SNAPSHOT]);
    },
  );
});
