import { createServer, type Server } from 'node:net';
import { Rung } from '@watchnext/contract';
import { type EventLog, LogUnavailableError } from '@watchnext/event-log';
import { StoreUnavailableError } from '@watchnext/feature-store';
import { eventually } from '@watchnext/testing';
import { METRICS, Metrics } from '../../../../apps/gateway/src/metrics';
import { eventOf, FIRST_SNAPSHOT, freePort, silent, watchEvent, World } from './world';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- items of an answer, read by name
type Item = any;

/** Takes connections and never answers: what a hanging service looks like. */
async function silentServer(): Promise<{ address: string; close(): Promise<void> }> {
  const sockets: { destroy(): void }[] = [];
  const server: Server = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as { port: number }).port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('the ladder', () => {
  let world: World;
  /** The world's log, but for its appends. */
  const logWith = (append: EventLog['append']): EventLog => {
    const { log } = world;
    return {
      append,
      ensureTopics: (specs) => log.ensureTopics(specs),
      partitionCount: (topic) => log.partitionCount(topic),
      joinGroup: (options, handler) => log.joinGroup(options, handler),
      tail: (topic, handler) => log.tail(topic, handler),
      groupMembers: (group) => log.groupMembers(group),
      bounds: (topic) => log.bounds(topic),
      close: async () => {},
    };
  };

  beforeEach(async () => {
    world = await World.create();
    await world.fold('ada', watchEvent('ada', 'v00'));
  });

  afterEach(() => world.close());

  it('has popular videos from memory before any snapshot exists, the most watched first', async () => {
    await world.tellActivity('x', watchEvent('x', 'v41'), watchEvent('x', 'v41'), watchEvent('x', 'v52'));
    const gateway = await world.startGateway();
    let answer = await gateway.recommend('ada');
    while (answer.items[0].source !== 'trending') answer = await gateway.recommend('ada');
    expect(answer).toMatchObject({ rung: 'memory-popular', snapshotId: '' });
    expect(answer.rungReason).toMatch(/retrieval: .*; ranking: /);
    expect(answer.items.slice(0, 2).map(({ videoId }: Item) => videoId)).toEqual(['v41', 'v52']);
    expect(answer.items.length).toBe(10);
    expect(answer.items.every(({ score }: Item) => score === undefined)).toBe(true);
    const served = (await world.servedLists()).get(answer.requestId)!;
    expect(served).toMatchObject({ rung: Rung.MEMORY_POPULAR, rungReason: answer.rungReason, snapshotId: '' });
    expect(
      served.items.every(({ score, featuresChecksum }) => score === undefined && featuresChecksum === undefined),
    ).toBe(true);
  });

  it('goes down rung by rung as services stop, and up again as they come back', async () => {
    await world.publish(FIRST_SNAPSHOT);
    const [retrieval, ranking] = await Promise.all([world.startRetrieval(), world.startRanking()]);
    const gateway = await world.startGateway();
    const rungs: string[] = [];
    const ask = async () => {
      const answer = await gateway.recommend('ada');
      rungs.push(answer.rung);
      expect(answer.items.length).toBe(10);
      return answer;
    };

    expect(await ask()).toMatchObject({ rung: 'full', snapshotId: FIRST_SNAPSHOT });

    await ranking.close();
    const unranked = await ask();
    expect(unranked).toMatchObject({
      rung: 'retrieval-order',
      snapshotId: FIRST_SNAPSHOT,
      rungReason: 'ranking: unreachable',
    });
    expect(unranked.items.every(({ source }: Item) => source === 'retrieval')).toBe(true);

    await retrieval.close();
    expect(await ask()).toMatchObject({ rung: 'memory-popular', snapshotId: '' });

    await world.startRanking();
    let answer = await ask();
    while (answer.rung === 'memory-popular') answer = await ask();
    expect(answer).toMatchObject({
      rung: 'snapshot-popular',
      snapshotId: FIRST_SNAPSHOT,
      // Not asked, once it failed often enough.
      rungReason: expect.stringMatching(/^retrieval: (unreachable|not asked)/),
    });
    expect(
      answer.items.every(({ score, source }: Item) => score > 0 && ['popular', 'fresh', 'trending'].includes(source)),
    ).toBe(true);
    expect(answer.items.map(({ videoId }: Item) => videoId)).not.toContain('v00');

    await world.startRetrieval();
    while (answer.rung !== 'full') answer = await ask();
    expect(new Set(rungs)).toEqual(new Set(['full', 'retrieval-order', 'memory-popular', 'snapshot-popular']));
  });

  it('shows a withdrawn video on no rung', async () => {
    await world.publish(FIRST_SNAPSHOT);
    // Most watched: memory would propose it first of all.
    await world.tellActivity('x', watchEvent('x', 'v41'), watchEvent('x', 'v41'), watchEvent('x', 'v52'));
    const [retrieval, ranking] = await Promise.all([world.startRetrieval(), world.startRanking()]);
    const gateway = await world.startGateway();
    const shown = async (rung: string) => {
      const { items, ...answer } = await gateway.recommend('ada', { limit: 50 });
      expect(answer).toMatchObject({ rung });
      return items.map(({ videoId }: Item) => videoId) as string[];
    };
    const withdrawn: string[] = [];
    /** The first video that the rung shows is withdrawn: it goes from there, and none of those before it is back. */
    const withdrawOn = async (rung: string) => {
      const [first] = await eventually(() => shown(rung));
      const videoId = first!;
      expect(withdrawn).not.toContain(videoId);
      withdrawn.push(videoId);
      await world.tellCatalogue(eventOf({ $case: 'videoWithdrawn', value: { videoId, reason: 'spec' } }));
      await eventually(async () => expect(await shown(rung)).not.toContain(videoId));
      const after = await shown(rung);
      expect(after.length).toBeGreaterThan(10);
      expect(after.filter((id) => withdrawn.includes(id))).toEqual([]);
    };

    await withdrawOn('full');
    await ranking.close();
    await withdrawOn('retrieval-order');
    await retrieval.close();
    await withdrawOn('memory-popular');
    await world.startRanking();
    await withdrawOn('snapshot-popular');
    // And up again: what was withdrawn while retrieval was away it learns before it serves.
    await world.startRetrieval();
    await withdrawOn('full');
    expect(new Set(withdrawn).size).toBe(5);
  });

  it('says in the log which list is below full and why, in no more lines than a person can read, and counts them all', async () => {
    const lines: { facts: Record<string, unknown>; text: string }[] = [];
    const note = (facts: Record<string, unknown>, text: string) => lines.push({ facts, text });
    const logger = Object.assign(Object.create(silent) as typeof silent, { info: note, warn: note });
    const gateway = await world.startGateway({}, { logger });
    const answers = [];
    const startedAtMs = Date.now();
    for (let i = 0; i < 60; i++) answers.push(await gateway.recommend('ada'));
    const below = () => lines.filter(({ text }) => text === 'answered below full');
    const category = expect.stringMatching(/^(dependency-unreachable|circuit-open)$/);
    expect(below()[0]!.facts).toEqual({
      requestId: answers[0].requestId,
      rung: 'memory-popular',
      items: 10,
      reason: answers[0].rungReason,
      category,
    });
    expect(below().length).toBeLessThanOrEqual(10 * (1 + (Date.now() - startedAtMs) / 1_000));
    // What was left out is told when its second is over.
    const leftOut = (what: string) =>
      lines.filter(({ text }) => text === what).reduce((sum, { facts }) => sum + Number(facts['leftOut']), 0);
    await eventually(() => expect(below().length + leftOut('answered below full, more often')).toBe(60));
    await eventually(() =>
      expect(lines.filter(({ text }) => text === 'stage failed').length + leftOut('stage failed, more often')).toBe(
        120,
      ),
    );
    const metrics = gateway.running.app.get(Metrics);
    const counted = ['dependency-unreachable', 'circuit-open'].map((reason) =>
      metrics.value(METRICS.answers, { rung: 'memory-popular', reason }),
    );
    expect(counted[0]! + counted[1]!).toBe(60);
  });

  it('answers by what it has in memory when services hang', async () => {
    const hanging = await silentServer();
    await world.publish(FIRST_SNAPSHOT);
    const gateway = await world.startGateway({
      WATCHNEXT_RETRIEVAL_ADDRESS: hanging.address,
      WATCHNEXT_RANKING_ADDRESS: hanging.address,
      WATCHNEXT_DEADLINE_MS: '300',
    });
    const answer = await gateway.recommend('ada');
    expect(answer).toMatchObject({ rung: 'memory-popular' });
    expect(answer.rungReason).toMatch(/retriev.*(late|no result within).*rank.*(late|no result within)/);
    expect(answer.items.length).toBe(10);
    expect(answer.items[0].source).toBe('popular');
    await hanging.close();
  });

  it('asks ranking for the snapshot that retrieval used, and agrees on a common one where ranking lacks it', async () => {
    const behind = await world.temporaryDirectory();
    await world.publish(FIRST_SNAPSHOT, { directory: behind });
    await world.publish(FIRST_SNAPSHOT);
    await world.startRanking(behind);
    await world.startRetrieval();
    const gateway = await world.startGateway();
    expect(await gateway.recommend('ada')).toMatchObject({ rung: 'full', snapshotId: FIRST_SNAPSHOT });

    const second = '20260102T000000Z-bbbbbb';
    await world.publish(second, { seed: 2 });
    await world.announce(second);
    await gateway.until(({ body }) => body.snapshotId === second, '/v1/snapshot');
    // Retrieval answers with the new one by itself; ranking holds the old one only.
    const metrics = gateway.running.app.get(Metrics);
    let answer = await gateway.recommend('ada');
    while (metrics.value(METRICS.stageRestarts, { stage: 'rank' }) === 0) answer = await gateway.recommend('ada');
    expect(answer).toMatchObject({ rung: 'full', snapshotId: FIRST_SNAPSHOT });
  });

  it('keeps retrieval order where the services have no snapshot in common', async () => {
    const other = await world.temporaryDirectory();
    await world.publish('20260103T000000Z-cccccc', { directory: other, seed: 3 });
    await world.publish(FIRST_SNAPSHOT);
    await Promise.all([world.startRanking(other), world.startRetrieval()]);
    const gateway = await world.startGateway();
    expect(await gateway.recommend('ada')).toMatchObject({
      rung: 'retrieval-order',
      snapshotId: FIRST_SNAPSHOT,
      rungReason: `ranking: does not hold snapshot ${FIRST_SNAPSHOT}`,
    });
  });

  it('ranks what everyone watches when the feature store is down', async () => {
    await world.publish(FIRST_SNAPSHOT);
    await Promise.all([world.startRanking(), world.startRetrieval()]);
    const down = async (): Promise<never> => {
      throw new StoreUnavailableError('is down');
    };
    const featureStore = {
      read: down,
      readMany: down,
      readMark: down,
      commit: down,
      listUserIds: down,
      usage: down,
      clocksMs: down,
      clear: down,
      close: async () => {},
    };
    const gateway = await world.startGateway({}, { featureStore });
    const answer = await gateway.recommend('ada');
    expect(answer).toMatchObject({
      rung: 'snapshot-popular',
      rungReason: 'feature store: is down',
      mark: { offset: -1 },
    });
    expect(await gateway.get('/v1/users/ada/history')).toMatchObject({ status: 503 });
  });

  it.each([
    ['is down', () => Promise.reject(new LogUnavailableError('is down'))],
    ['hangs', () => new Promise<never>(() => {})],
  ])('answers in full, and counts it, when the log %s', async (_, append) => {
    await world.publish(FIRST_SNAPSHOT);
    await Promise.all([world.startRanking(), world.startRetrieval()]);
    const eventLog = logWith(append);
    const gateway = await world.startGateway({ WATCHNEXT_LOG_PATIENCE_MS: '20' }, { eventLog });
    expect(await gateway.recommend('ada')).toMatchObject({ rung: 'full' });
    const metrics = gateway.running.app.get(Metrics);
    await eventually(() => expect(metrics.value(METRICS.unloggedImpressions)).toBe(10));
    expect(await world.servedLists()).toEqual(new Map());
  });

  it('answers before a log that stands still for a moment, and logs the list then', async () => {
    await world.publish(FIRST_SNAPSHOT);
    await Promise.all([world.startRanking(), world.startRetrieval()]);
    let goOn!: () => void;
    const standsStill = new Promise<void>((resolve) => (goOn = resolve));
    const eventLog = logWith((...appended) => standsStill.then(() => world.log.append(...appended)));
    const gateway = await world.startGateway({ WATCHNEXT_LOG_PATIENCE_MS: '20' }, { eventLog });
    const { rung, requestId } = await gateway.recommend('ada');
    expect(rung).toBe('full');
    expect(await world.servedLists()).toEqual(new Map());
    const metrics = gateway.running.app.get(Metrics);
    expect(metrics.value(METRICS.lateRecords)).toBe(1);
    goOn();
    await eventually(async () => expect([...(await world.servedLists()).keys()]).toEqual([requestId]));
    expect(metrics.value(METRICS.unloggedImpressions)).toBe(0);
  });

  it('has an empty list, not an error, for an empty catalogue', async () => {
    const empty = await world.temporaryDirectory();
    const gateway = await world.startGateway({
      WATCHNEXT_DATA_DIR: empty,
      WATCHNEXT_RANKING_ADDRESS: `127.0.0.1:${await freePort()}`,
    });
    const answer = await gateway.recommend('ada');
    expect(answer).toMatchObject({ rung: 'memory-popular', items: [] });
    expect(answer.nextCursor).toBeUndefined();
  });
});
