/**
 * No skew: lists that were really served, while events kept coming, are computed again from the log alone, and come
 * out with the same features and scores, bit for bit.
 */
import { embeddedPaths, loadConfig } from '@watchnext/config';
import { Event, type ImpressionsServed, TOPICS } from '@watchnext/contract';
import { replayUser, type UserRecord } from '@watchnext/features';
import { featuresChecksum } from '@watchnext/ranking-model';
import { openFolderSnapshotStore } from '@watchnext/snapshot-store';
import { v7 as timeOrderedId } from 'uuid';
import { ingestionSettings } from '../../ingestion/src/config';
import { startIngestion } from '../../ingestion/src/start';
import { loadRankingSnapshot } from '../../ranking/src/ranking-snapshot';
import { FIRST_SNAPSHOT, type TestGateway, World } from './world';

const USERS = ['ada', 'bob', 'cleo'];
const ROUNDS = 6;
const DAY_MS = 86_400_000;

describe('served lists', () => {
  let world: World;
  let gateway: TestGateway;

  const send = async (...bodies: object[]) => {
    const events = bodies.map((body) => ({
      eventId: timeOrderedId(),
      occurredAtMs: Date.now(),
      producer: 'spec',
      ...body,
    }));
    const response = await fetch(`${gateway.url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ events }),
    });
    expect(await response.json()).toMatchObject({ accepted: events.length });
  };

  const recordsByUser = async (): Promise<Map<string, UserRecord[]>> => {
    const records = new Map<string, UserRecord[]>();
    const tail = await world.log.tail(TOPICS.activity, {
      onRecords: async (batch) => {
        for (const { key, topic, partition, offset, timestampMs, value } of batch) {
          const entry = { topic, partition, offset, timestampMs, event: Event.decode(value) };
          records.set(key, [...(records.get(key) ?? []), entry]);
        }
      },
    });
    await tail.stop();
    return records;
  };

  beforeAll(async () => {
    world = await World.create();
    await world.publish(FIRST_SNAPSHOT);
    const ingestion = await startIngestion(
      loadConfig(ingestionSettings, {
        WATCHNEXT_DATA_DIR: world.dataDirectory,
        WATCHNEXT_HTTP_PORT: '0',
        WATCHNEXT_INGESTION_ROLES: 'collect,materialise',
        WATCHNEXT_LOG_LEVEL: 'silent',
      }),
    );
    world.closing(ingestion.app);
    await Promise.all([world.startRetrieval(), world.startRanking()]);
    gateway = await world.startGateway({ WATCHNEXT_INGESTION_URL: `http://127.0.0.1:${ingestion.port}` });
  }, 30_000);

  afterAll(() => world.close(), 20_000);

  it('come out of a replay with the served features and scores, bit for bit', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, userId] of USERS.entries()) {
        const query: Record<string, string> =
          round % 2 === 0 ? {} : { surface: 'up-next', seed: 'v30', country: 'SE', device: 'tv' };
        const list = await gateway.recommend(userId, { limit: 6, ...query });
        expect(list.rung).toBe('full');
        // Not waited for: the next list is ranked with whatever has been folded by then.
        const { videoId, impressionId, durationSeconds } = list.items[(round + index) % 6];
        await send(
          {
            watch: {
              userId,
              videoId,
              impressionId,
              playbackId: `p${round}${index}`,
              positionSeconds: durationSeconds / (1 + index),
            },
          },
          { search: { userId, query: `otters round ${round}` } },
          ...(round === 3
            ? [{ dismissal: { userId, videoId: list.items[5].videoId, impressionId: list.items[5].impressionId } }]
            : []),
        );
      }
    }

    const store = openFolderSnapshotStore(embeddedPaths(world.dataDirectory).snapshots);
    const { model, tower, statisticsOf, close } = await loadRankingSnapshot(await store.fetch(FIRST_SNAPSHOT));
    const marks = new Set<number>();
    let compared = 0;
    for (const records of (await recordsByUser()).values()) {
      for (const { event } of records) {
        if (event.body?.$case === 'impressionsServed') marks.add((event.body.value as ImpressionsServed).mark!.offset);
      }
      const { rankingExamples, refusals, unplacedRequestCount } = replayUser(records, {
        joinWindowMs: DAY_MS,
        logEndMs: Date.now() + 2 * DAY_MS,
      });
      expect({ refusals, unplacedRequestCount }).toEqual({ refusals: [], unplacedRequestCount: 0 });
      for (const { user, video, served } of rankingExamples) {
        const row = new Float32Array(model.inputSize);
        model.writeInput(model.encodeUser(user), video, statisticsOf(video.videoId), row, 0);
        expect(featuresChecksum(row)).toBe(served.featuresChecksum);
        const [logit] = await tower.run(row, 1);
        expect(Math.fround(model.expectedWatchSeconds(logit!))).toBe(served.score);
        expect(served.snapshotId).toBe(FIRST_SNAPSHOT);
        compared++;
      }
    }
    expect(compared).toBe(USERS.length * ROUNDS * 6);
    // The lists were ranked with different states, or nothing was shown.
    expect(marks.size).toBeGreaterThan(USERS.length);
    await close();
    await store.close();
  }, 30_000);
});
