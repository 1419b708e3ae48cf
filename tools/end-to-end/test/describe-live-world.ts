/**
 * The live world against real services: newcomers register, or come anonymous, watch, and log in; what they watched before
 * is then the user's. The world's own code does all of it, over HTTP.
 */
import { AnswerError, GatewayClient, type Recommendations } from '@watchnext/clients';
import type { Event } from '@watchnext/contract';
import { newMemories, LiveSimulator, World, type EventSink } from '@watchnext/simulator';
import { ProducerClient } from '@watchnext/producer-client';
import { LocalSystem, until } from '../src';

/** A day of the world in half a minute: three sessions a second. */
const SPEED = 2_500;
const PATIENCE_MS = 300_000;
const MERGED_HISTORIES = 3;
/** A state keeps the last fifty, completed or not. */
const MOST_WATCHES = 50;

interface Watch {
  readonly videoId: string;
  readonly playbackId: string;
}

interface History {
  readonly known: boolean;
  readonly watchCount: number;
  readonly watches: readonly { readonly videoId: string }[];
}

/** @param environment further settings of all services; made once, before they start */
export function describeLiveWorld(name: string, environment: () => Promise<Record<string, string>>): void {
  describe(`the live world on ${name}`, () => {
    let system: LocalSystem;
    let world: World;
    const told: Event[] = [];
    const errors: Error[] = [];
    let client: ProducerClient;

    beforeAll(async () => {
      system = await LocalSystem.create({
        environment: {
          WATCHNEXT_ACTIVITY_PARTITIONS: '4',
          // A list that is late for the viewer's state is of what is popular, whatever the viewer has watched.
          WATCHNEXT_DEADLINE_MS: '10000',
          ...(await environment()),
        },
      });
      await system.start();
      // The history itself is not needed: without a model the gateway serves what is popular, once something was watched.
      const endMs = Date.now();
      client = new ProducerClient({ url: system.ingestionUrl, producer: 'simulator' });
      const sink: EventSink = {
        send: async (event) => {
          told.push(event);
          // A live login takes what is folded of a history, and how much that is hangs on how busy the machine is (docs/decisions/0144).
          const takesInAll = event.body?.$case === 'userMerged';
          await client.send(takesInAll ? { ...event, backfill: true } : event);
        },
        flush: () => client.flush(),
      };
      const startAnew = () => {
        world = new World({ seed: 2, viewerCount: 100, videoCount: 120, dayCount: 1, endMs });
        return new LiveSimulator({
          world,
          memories: newMemories(100),
          gateway: new GatewayClient(system.gatewayUrl),
          sink,
          speed: SPEED,
          uploadEveryMs: 3_600_000,
          // A watch told after the login stays with the anonymous viewer.
          mishaps: { lateShare: 0, duplicateShare: 0 },
          loginShare: 1,
          onError: (error) => errors.push(error),
        });
      };
      const live = startAnew();
      live.start();
      const haveLoggedIn = async () => {
        const merged = mergedViewers(told);
        return merged.length >= MERGED_HISTORIES && merged.some(({ index }) => index >= 100);
      };
      await until('viewers who watched anonymously to log in, newcomers among them', haveLoggedIn, PATIENCE_MS);
      await live.stop();
      // Tells everything again, and what the stop had cut off.
      await startAnew().catchUp();
      await client.close();
      await system.drained();
    });
    afterAll(() => system?.dispose());

    const history = async (userId: string): Promise<History> => {
      const response = await fetch(`${system.gatewayUrl}/v1/users/${userId}/history`);
      expect(response.status).toBe(200);
      return (await response.json()) as History;
    };

    it('goes on without an error, and every event is accepted', () => {
      // On a busy machine a list may be late; then that session is over.
      expect(errors.filter((error) => !(error instanceof AnswerError))).toEqual([]);
      expect(client.statistics()).toMatchObject({ rejectedEvents: 0, pendingEvents: 0 });
    });

    it('has what was watched anonymously in the history of the user who logged in, once', async () => {
      const merged = mergedViewers(told);
      for (const { anonymousId, userId, index } of merged) {
        const before = watchesOf(told, anonymousId);
        const all = new Set([...before, ...watchesOf(told, userId)].map(({ playbackId }) => playbackId));
        const { known, watches, watchCount } = await history(userId);
        expect([index, known, watchCount]).toEqual([index, true, all.size]);
        if (all.size > MOST_WATCHES) continue;
        expect(watches.map(({ videoId }) => videoId)).toEqual(
          expect.arrayContaining(before.map(({ videoId }) => videoId)),
        );
      }
    });

    it('serves nothing that was watched anonymously to the user who logged in', async () => {
      for (const { anonymousId, userId } of mergedViewers(told)) {
        const response = await fetch(`${system.gatewayUrl}/v1/users/${userId}/recommendations?limit=50`);
        const ids = ((await response.json()) as Recommendations).items.map(({ videoId }) => videoId);
        expect(ids.length).toBeGreaterThan(0);
        const watched = watchesOf(told, anonymousId).map(({ videoId }) => videoId);
        expect(watched.filter((id) => ids.includes(id))).toEqual([]);
      }
    });

    it('knows every newcomer who registered, also after a restart', async () => {
      const newcomers = world.viewers.slice(100).filter(({ loggedIn }) => loggedIn);
      expect(newcomers.length).toBeGreaterThan(0);
      for (const { id } of newcomers.slice(0, 20)) expect([id, (await history(id)).known]).toEqual([id, true]);
    });
  });
}

/** Who logged in after having watched something anonymously. */
function mergedViewers(events: readonly Event[]): { anonymousId: string; userId: string; index: number }[] {
  return events.flatMap(({ body }, place) => {
    if (body?.$case !== 'userMerged') return [];
    const { anonymousUserId: anonymousId, userId } = body.value;
    if (watchesOf(events.slice(0, place), anonymousId).length === 0) return [];
    return [{ anonymousId, userId, index: Number(userId.replace('viewer-', '')) }];
  });
}

/** Each playback once, however many parts it was told in. */
function watchesOf(events: readonly Event[], userId: string): Watch[] {
  const byPlayback = new Map<string, Watch>();
  for (const { body } of events)
    if (body?.$case === 'watch' && body.value.userId === userId) byPlayback.set(body.value.playbackId, body.value);
  return [...byPlayback.values()];
}
