/**
 * The whole, as separate processes: a small world's history goes in over HTTP, is trained on and served; then lists
 * are checked for skew, services are killed, and input is bad. The steps build on one another, as days of a system do.
 * On any drivers: the environment decides.
 */
import { getPriority } from 'node:os';
import { Event, TOPICS } from '@watchnext/contract';
import { partitionOf } from '@watchnext/event-log';
import { applyEvent, DAY_MS, encodeState, newState, refuse, type UserState } from '@watchnext/features';
import { newEventId, ProducerClient } from '@watchnext/producer-client';
import { DEFAULT_WORLD, everyDelivery, generateHistory, sendAll, World } from '@watchnext/simulator';
import { YIELDS } from '@watchnext/threads';
import { LocalSystem, until, verifyServedFeatures } from '../src';

const PARTITION_COUNT = 4;

interface ArchivedEvent {
  readonly offset: number;
  readonly event: Event;
  readonly timestampMs: number;
  readonly value: Uint8Array;
}

interface List {
  readonly rung: string;
  readonly snapshotId: string;
  readonly items: {
    videoId: string;
    impressionId: string;
    score?: number;
    durationSeconds: number;
    channelId: string;
    topics: string[];
  }[];
}

let system: LocalSystem;
// Large enough to learn from, and ended at midnight, so that every run of a day sees the same world.
const endMs = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const world = new World({ ...DEFAULT_WORLD, seed: 1, viewerCount: 300, videoCount: 250, dayCount: 7, endMs });
const viewerIds = world.viewers.map(({ id }) => id);

async function list(userId: string, query = ''): Promise<List> {
  const response = await fetch(`${system.gatewayUrl}/v1/users/${encodeURIComponent(userId)}/recommendations${query}`);
  const body = await response.json();
  if (!response.ok) throw new Error(`${response.status} ${JSON.stringify(body)}`);
  return body as List;
}

/** Asks until the list comes from the model: one that is late for it is of what is popular, whatever the viewer has seen. */
async function fullList(userId: string, query = ''): Promise<List> {
  let answer = await list(userId, query);
  await until(`a full list for ${userId}`, async () => {
    answer = await list(userId, query);
    return answer.rung === 'full';
  });
  return answer;
}

async function history(userId: string): Promise<{ videoId: string }[]> {
  const response = await fetch(`${system.gatewayUrl}/v1/users/${encodeURIComponent(userId)}/history`);
  return ((await response.json()) as { watches: { videoId: string }[] }).watches;
}

function watchEvent(userId: string, videoId: string, positionSeconds: number, impressionId = ''): Event {
  return Event.fromPartial({
    eventId: newEventId(),
    occurredAtMs: Date.now(),
    producer: 'system-spec',
    body: { $case: 'watch', value: { userId, videoId, playbackId: newEventId(), impressionId, positionSeconds } },
  });
}

async function send(events: readonly Event[]): Promise<void> {
  const response = await fetch(`${system.gatewayUrl}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ events: events.map((event) => Event.toJSON(event)) }),
  });
  const answer = (await response.json()) as { accepted: number };
  if (answer.accepted !== events.length) throw new Error(JSON.stringify(answer));
}

/** As text; the collector drops what comes twice in one batch, and lets in what comes twice in two. */
function withoutRepeats(values: readonly Uint8Array[]): string[] {
  return [...new Set(values.map((value) => Buffer.from(value).toString('latin1')))];
}

/** Every archived activity event in log order, by user. */
async function archivedByUser(): Promise<Map<string, ArchivedEvent[]>> {
  const archive = system.openArchive();
  const byUser = new Map<string, ArchivedEvent[]>();
  try {
    for await (const records of archive.read(TOPICS.activity, { order: 'offset' })) {
      for (const { key, value, timestampMs, offset } of records) {
        const events = byUser.get(key) ?? [];
        events.push({ offset, event: Event.decode(value), timestampMs, value });
        byUser.set(key, events);
      }
    }
  } finally {
    await archive.close();
  }
  return byUser;
}

function fold(userId: string, events: readonly { event: Event; timestampMs: number }[]): UserState {
  const state = newState(userId);
  for (const { event, timestampMs } of events) if (!refuse(event, timestampMs)) applyEvent(state, event);
  return state;
}

/** States in the store against the fold of the archive, byte for byte. */
async function expectStatesToEqualTheArchive(): Promise<void> {
  // A list that its reader gave up may still be written, and folded before it is archived: then once more.
  await until('the archive to have all that is folded', async () => {
    await system.drained();
    const byUser = await archivedByUser();
    expect(byUser.size).toBeGreaterThan(0);
    return statesEqual(byUser);
  });
}

/** @returns false if a state is ahead of what was archived, which then says nothing about it */
async function statesEqual(archived: ReadonlyMap<string, readonly ArchivedEvent[]>): Promise<boolean> {
  const ends = new Map<number, number>();
  for (const [userId, events] of archived) {
    const partition = partitionOf(userId, PARTITION_COUNT);
    ends.set(partition, Math.max(ends.get(partition) ?? -1, events.at(-1)!.offset));
  }
  const store = system.openFeatureStore();
  try {
    for (const [userId, events] of archived) {
      const partition = partitionOf(userId, PARTITION_COUNT);
      const { state, mark } = await store.read(partition, userId);
      if (mark!.offset > ends.get(partition)!) return false;
      const folded = events.filter(({ offset }) => offset <= mark!.offset);
      const expected = Buffer.from(encodeState(fold(userId, folded)));
      expect([userId, Buffer.from(state ?? []).equals(expected)]).toEqual([userId, true]);
    }
    return true;
  } finally {
    await store.close();
  }
}

/** @param environment further settings of all services; made once, before they start */
export function describeSystem(name: string, environment: () => Promise<Record<string, string>>): void {
  beforeAll(async () => {
    system = await LocalSystem.create({
      environment: {
        WATCHNEXT_ACTIVITY_PARTITIONS: String(PARTITION_COUNT),
        // What is tested is what is answered, not how fast: a machine that is busy with other specs may be late.
        WATCHNEXT_DEADLINE_MS: '10000',
        ...(await environment()),
      },
    });
    await system.start();
  });
  afterAll(() => system?.dispose());

  describe(`a system on ${name}`, describeDays);
}

function describeDays(): void {
  describe('a day in the life of the system', () => {
    it('answers from memory before there is a model', async () => {
      const answer = await list('nobody-yet');
      expect(answer.items).toEqual([]);
    });

    const onLinux = process.platform === 'linux' ? it : it.skip;
    onLinux('has ingestion go behind the services that viewers wait for', () => {
      const { gateway, retrieval, ranking, ingestion } = system.services;
      const usual = getPriority(gateway.pid);
      expect([retrieval, ranking, ingestion].map(({ pid }) => getPriority(pid))).toEqual([
        usual,
        usual,
        Math.min(19, usual + YIELDS.somewhat),
      ]);
    });

    it('takes a history over HTTP and folds all of it', async () => {
      const { events } = generateHistory(world);
      const client = new ProducerClient({ url: system.ingestionUrl, producer: 'simulator' });
      await sendAll(events, client);
      await client.close();
      await expectStatesToEqualTheArchive();
      const seen = await archivedByUser();
      const ids = new Set([...seen.values()].flat().map(({ event }) => event.eventId));
      const sent = events.filter(({ body }) => !body?.$case.startsWith('video')).map(({ eventId }) => eventId);
      expect(sent.filter((id) => !ids.has(id))).toEqual([]);
    });

    it('archives the very bytes that the simulator writes straight, merged histories among them', async () => {
      const archived = await archivedByUser();
      let merges = 0;
      for (const told of everyDelivery(world, true)) {
        for (const key of new Set(told.map((delivery) => delivery.key))) {
          const straight = withoutRepeats(told.filter((each) => each.key === key).map(({ value }) => value));
          const values = archived.get(key)?.map(({ value }) => value) ?? [];
          expect([key, withoutRepeats(values)]).toEqual([key, straight]);
        }
        merges += told.filter(({ value }) => Event.decode(value).body?.$case === 'userMerged').length;
      }
      expect(merges).toBeGreaterThan(0);
    });

    it('trains, passes the gate and serves ranked lists from the snapshot', async () => {
      expect(await system.train()).toBe(0);
      const answer = await fullList(viewerIds[1] as string, '?limit=10');
      expect(answer.items).toHaveLength(10);
      const scores = answer.items.map(({ score }) => score as number);
      expect(scores.every((score) => Number.isFinite(score) && score >= 0)).toBe(true);
    });

    it('shows a watch in the next list’s input, and not the watched video in the list', async () => {
      const userId = viewerIds[2] as string;
      const before = await list(userId);
      const first = before.items[0] as List['items'][number];
      await send([watchEvent(userId, first.videoId, first.durationSeconds, first.impressionId)]);
      await until('the watch to arrive in the state', async () =>
        (await history(userId)).some(({ videoId }) => videoId === first.videoId),
      );
      const after = await fullList(userId);
      expect(after.items.map(({ videoId }) => videoId)).not.toContain(first.videoId);
    });

    it('replays every served list to the very features and scores it was served with', async () => {
      for (const userId of viewerIds.slice(0, 20)) {
        const { items } = await list(userId);
        const clicked = items[1] as List['items'][number];
        await send([watchEvent(userId, clicked.videoId, clicked.durationSeconds / 2, clicked.impressionId)]);
        await list(userId, `?seed=${clicked.videoId}&surface=up-next`);
      }
      await list('anonymous:never-seen');
      await system.drained();
      const [archive, snapshots] = [system.openArchive(), system.openSnapshots()];
      const report = await verifyServedFeatures(archive, snapshots).finally(() =>
        Promise.all([archive.close(), snapshots.close()]),
      );
      expect(report.requestCount).toBeGreaterThanOrEqual(41);
      expect(report.checkedCount).toBeGreaterThanOrEqual(400);
      expect(report.mismatches).toEqual([]);
    });

    it('takes a withdrawn video out of every answer', async () => {
      const { items } = await list(viewerIds[3] as string);
      const { videoId } = items[0] as List['items'][number];
      await send([
        Event.fromPartial({
          eventId: newEventId(),
          occurredAtMs: Date.now(),
          producer: 'system-spec',
          body: { $case: 'videoWithdrawn', value: { videoId, reason: 'rights' } },
        }),
      ]);
      await until('the withdrawal to be known', async () => {
        const { status } = await fetch(`${system.gatewayUrl}/v1/videos/${videoId}`);
        return status === 410;
      });
      for (const userId of viewerIds.slice(0, 20)) {
        expect((await list(userId)).items.map((item) => item.videoId)).not.toContain(videoId);
      }
    });
  });

  describe('kill -9', () => {
    const accepted: Event[] = [];
    const sendOne = async (userId: string) => {
      const event = watchEvent(userId, world.videos[accepted.length % world.videos.length]?.id as string, 30);
      await send([event]);
      accepted.push(event);
    };

    afterEach(async () => {
      const byUser = await (async () => {
        await expectStatesToEqualTheArchive();
        return archivedByUser();
      })();
      const counts = new Map<string, number>();
      for (const { event } of [...byUser.values()].flat())
        counts.set(event.eventId, (counts.get(event.eventId) ?? 0) + 1);
      expect(accepted.filter(({ eventId }) => counts.get(eventId) !== 1)).toEqual([]);
    });

    it('of ingestion loses no accepted event and applies none twice', async () => {
      for (let round = 0; round < 3; round++) {
        for (const userId of viewerIds.slice(0, 15)) await sendOne(userId);
        await system.services.ingestion.kill();
        await expect(sendOne(viewerIds[0] as string)).rejects.toThrow();
        await system.services.ingestion.start();
      }
    });

    it.each(['retrieval', 'ranking'] as const)('of %s lowers the rung until it is back', async (app) => {
      await sendOne(viewerIds[4] as string);
      await system.services[app].kill();
      const degraded = await list(viewerIds[4] as string);
      expect(degraded.rung).not.toBe('full');
      expect(degraded.items).toHaveLength(10);
      await system.services[app].start();
      await until(
        `full answers after ${app} is back`,
        async () => (await list(viewerIds[4] as string)).rung === 'full',
      );
    });

    it('of the gateway loses nothing, and the page is there again', async () => {
      await sendOne(viewerIds[5] as string);
      await system.services.gateway.kill();
      await system.services.gateway.start();
      await until('full answers', async () => (await list(viewerIds[5] as string)).rung === 'full');
      const page = await fetch(system.gatewayUrl);
      expect(page.status).toBe(200);
      expect(await page.text()).toContain('<title>');
    });

    it('of both models leaves popular videos', async () => {
      await Promise.all([system.services.retrieval.kill(), system.services.ranking.kill()]);
      const answer = await list(viewerIds[6] as string);
      expect(answer.rung).toBe('memory-popular');
      expect(answer.items).toHaveLength(10);
      await Promise.all([system.services.retrieval.start(), system.services.ranking.start()]);
    });
  });
}
