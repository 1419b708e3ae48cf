/** The gateway, with bad networks between it and what it asks: retrieval, ranking, the feature store on Redis. */
import { openRedisFeatureStore } from '@watchnext/feature-store';
import { missingForStack, startRedis, stopProcess, type StartedProcess } from '@watchnext/local-stack';
import { describeUnlessMissing, FaultProxy, temporaryDirectory } from '@watchnext/testing';
import { FIRST_SNAPSHOT, type TestGateway, watchEvent, World } from '../gateway/world';

const LIMIT_MS = 180_000;
const DEADLINE_MS = 400;
/** A loaded machine answers late; what must not be is a request that hangs. */
const SLACK_MS = 10_000;

/** Ways of a network to be bad, and whether it stays so until it is healed: a new connection is never forgotten. */
const FAULTS: [string, (one: FaultProxy) => void, boolean][] = [
  ['takes longer than the deadline', (one) => one.set({ downstream: { delayMs: 3 * DEADLINE_MS } }), true],
  ['hangs', (one) => one.set({ upstream: { hang: true } }), true],
  ['has forgotten the connection', (one) => one.forget(), false],
  ['resets connections and refuses new ones', (one) => (one.set({ refuse: true }), one.reset()), true],
];

async function askInTime(gateway: TestGateway) {
  const startMs = performance.now();
  const answer = await gateway.recommend('ada');
  expect(performance.now() - startMs).toBeLessThan(DEADLINE_MS + SLACK_MS);
  expect(answer.items.length).toBe(10);
  return answer;
}

type AnswerHead = { rung: string; rungReason?: string };

/** Asks while one network is bad, and until all is well again. */
async function askThrough(
  gateway: TestGateway,
  proxy: FaultProxy,
  hurt: (one: FaultProxy) => void,
  stays: boolean,
  isFelt: (answer: AnswerHead) => boolean,
): Promise<void> {
  await askUntil(gateway, ({ rung }) => rung === 'full');
  hurt(proxy);
  if (stays) await askUntil(gateway, isFelt);
  else for (let asked = 0; asked < 3; asked++) await askInTime(gateway);
  proxy.set({});
  await askUntil(gateway, ({ rung }) => rung === 'full');
}

async function askUntil(gateway: TestGateway, isWanted: (answer: AnswerHead) => boolean) {
  for (;;) {
    const answer = await askInTime(gateway);
    if (isWanted(answer)) return;
  }
}

describe('a gateway and its models', () => {
  let world: World;
  let proxies: { retrieval: FaultProxy; ranking: FaultProxy };
  let gateway: TestGateway;

  beforeAll(async () => {
    world = await World.create();
    await world.fold('ada', watchEvent('ada', 'v00'));
    await world.publish(FIRST_SNAPSHOT);
    await Promise.all([world.startRetrieval(), world.startRanking()]);
    proxies = {
      retrieval: await FaultProxy.start(world.retrievalPort),
      ranking: await FaultProxy.start(world.rankingPort),
    };
    gateway = await world.startGateway({
      WATCHNEXT_RETRIEVAL_ADDRESS: `127.0.0.1:${proxies.retrieval.port}`,
      WATCHNEXT_RANKING_ADDRESS: `127.0.0.1:${proxies.ranking.port}`,
      WATCHNEXT_DEADLINE_MS: String(DEADLINE_MS),
    });
  }, LIMIT_MS);
  afterAll(async () => {
    await world?.close();
    await Promise.all([proxies?.retrieval.stop(), proxies?.ranking.stop()]);
  }, LIMIT_MS);

  it.each(FAULTS)(
    'answers in time without ranking where the network to it %s, and ranks again once it is healed',
    (_name, hurt, stays) =>
      askThrough(gateway, proxies.ranking, hurt, stays, ({ rungReason = '' }) => rungReason.includes('rank')),
    LIMIT_MS,
  );

  it.each(FAULTS)(
    'answers in time without retrieval where the network to it %s, and retrieves again once it is healed',
    (_name, hurt, stays) =>
      askThrough(gateway, proxies.retrieval, hurt, stays, ({ rungReason = '' }) => rungReason.includes('retriev')),
    LIMIT_MS,
  );
});

describeUnlessMissing(missingForStack({ redis: true }), 'a gateway and the feature store on Redis', () => {
  let world: World;
  let directory: { path: string; remove(): Promise<void> };
  let redis: StartedProcess[];
  let proxy: FaultProxy;
  let gateway: TestGateway;

  beforeAll(async () => {
    directory = await temporaryDirectory('gateway-redis');
    redis = await startRedis(directory.path, 'standalone');
    proxy = await FaultProxy.start(redis[0]?.port as number);
    world = await World.create();
    await world.publish(FIRST_SNAPSHOT);
    await Promise.all([world.startRetrieval(), world.startRanking()]);
    const url = `redis://127.0.0.1:${proxy.port}`;
    const featureStore = openRedisFeatureStore({ url, callTimeoutMs: 1_000 });
    gateway = await world.startGateway({ WATCHNEXT_DEADLINE_MS: String(DEADLINE_MS) }, { featureStore });
  }, LIMIT_MS);
  afterAll(async () => {
    await world?.close();
    await proxy?.stop();
    await Promise.all((redis ?? []).map((one) => stopProcess(one, 2_000)));
    await directory.remove();
  }, LIMIT_MS);

  it.each(FAULTS)(
    'answers in time with what everyone watches where the network to it %s, and knows the viewer again once it is healed',
    (_name, hurt, stays) =>
      askThrough(gateway, proxy, hurt, stays, ({ rungReason = '' }) => rungReason.includes('feature store')),
    LIMIT_MS,
  );
});
