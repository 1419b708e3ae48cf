import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkSampleRatio } from '@watchnext/experiments';
import type { ExperimentsFollowing } from '@watchnext/service';
import { EXPERIMENTS } from '../../../../apps/gateway/src/tokens';
import { recommendationsAnswer } from '../../../../apps/gateway/src/http/schemas';
import { FIRST_SNAPSHOT, freePort, type TestGateway, watchEvent, World } from './world';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- items of an answer, read by name
type Any = any;
const OTHER_SNAPSHOT = '20260102T000000Z-bbbbbb';
const LATE_SNAPSHOT = '20260103T000000Z-cccccc';
const idsOf = (answer: Any): string[] => answer.items.map(({ videoId }: Any) => videoId);

const experimentWith = (serving: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  name: 'try',
  hypothesis: 'Something gets better.',
  layer: 'all',
  salt: 's',
  start: '2020-01-01T00:00:00Z',
  stop: '2120-01-01T00:00:00Z',
  variants: [
    { name: 'control', share: 0.5 },
    { name: 'treatment', share: 0.5, serving },
  ],
  testers: { cora: 'control', tess: 'treatment' },
  ...more,
});

jest.setTimeout(120_000);

describe('experiments at the gateway', () => {
  let world: World;
  let gateway: TestGateway;
  let path: string;
  /** What is drawn by chance is drawn by the id of the request: with these each run draws the same. */
  const requestIds = { of: 'any', count: 0 };
  const newRequestId = () => `${requestIds.of}-${requestIds.count++}`;

  const define = async (...experiments: Record<string, unknown>[]) => {
    await writeFile(path, JSON.stringify({ layers: [{ name: 'all', salt: 'l' }], experiments }));
    await gateway?.running.app.get<ExperimentsFollowing>(EXPERIMENTS).refresh();
  };
  const logged = async (requestId: string) => (await world.servedLists()).get(requestId)!;
  const both = async (query: Record<string, string | number> = {}) => {
    const [control, treatment] = [await gateway.recommend('cora', query), await gateway.recommend('tess', query)];
    return { control, treatment };
  };

  beforeAll(async () => {
    world = await World.create();
    path = join(world.dataDirectory, 'experiments.json');
    await define(experimentWith({ snapshotId: OTHER_SNAPSHOT }));
    // The other one is published first: it is no longer current when the services start.
    await world.publish(OTHER_SNAPSHOT, { seed: 7 });
    await world.publish(FIRST_SNAPSHOT);
    for (const user of ['cora', 'tess']) await world.fold(user, watchEvent(user, 'v00'), watchEvent(user, 'v11'));
    const environment = { WATCHNEXT_EXPERIMENTS_FILE: path, WATCHNEXT_EXPERIMENTS_POLL_SECONDS: '0.02' };
    await Promise.all([world.startRetrieval(undefined, environment), world.startRanking(undefined, environment)]);
    gateway = await world.startGateway({ ...environment, WATCHNEXT_EXPERIMENT_OVERRIDES: 'true' }, { newRequestId });
  });

  afterAll(() => world.close());

  it('serve a variant from the snapshot it chooses, and log it', async () => {
    const { control, treatment } = await both();
    expect(() => recommendationsAnswer.strict().parse(treatment)).not.toThrow();
    expect(control).toMatchObject({ snapshotId: FIRST_SNAPSHOT, rung: 'full' });
    expect(treatment).toMatchObject({ snapshotId: OTHER_SNAPSHOT, rung: 'full' });
    expect(idsOf(treatment)).not.toEqual(idsOf(control));
    expect(treatment.experiments).toEqual([{ experiment: 'try', variant: 'treatment', overridden: true }]);
    expect(await logged(treatment.requestId)).toMatchObject({
      snapshotId: OTHER_SNAPSHOT,
      experimentId: 'try',
      variantId: 'treatment',
      assignments: [{ experimentId: 'try', variantId: 'treatment', overridden: true }],
      latencyMs: expect.any(Number),
    });
  });

  it('give each user one variant for ever, in the promised shares', async () => {
    const variantOf = async (user: string) => (await gateway.recommend(user, { limit: 1 })).experiments[0].variant;
    const counts = { control: 0, treatment: 0 };
    for (let user = 0; user < 24; user++) {
      const variant = (await variantOf(`user-${user}`)) as 'control' | 'treatment';
      counts[variant]++;
      if (user % 12 === 0) expect(await variantOf(`user-${user}`)).toBe(variant);
    }
    expect(checkSampleRatio([counts.control, counts.treatment], [0.5, 0.5]).chiSquareP).toBeGreaterThan(0.001);
    expect(
      await gateway.metric('watchnext_gateway_assigned_lists_total{experiment="try",variant="control"}'),
    ).toBeGreaterThan(3);
  });

  it('take no preview for an exposure', async () => {
    const series = 'watchnext_gateway_assigned_lists_total{experiment="try",variant="treatment"}';
    const before = await gateway.metric(series);
    const previewed = await gateway.recommend('tess', { preview: 'true' });
    expect(previewed.experiments).toEqual([{ experiment: 'try', variant: 'treatment', overridden: true }]);
    expect(await gateway.metric(series)).toBe(before);
    expect(await logged(previewed.requestId)).toBeUndefined();
  });

  it('serve on from the current snapshot where the chosen one is not loaded, and say so', async () => {
    await define(experimentWith({ snapshotId: 'nowhere' }));
    const { treatment } = await both();
    expect(treatment).toMatchObject({ snapshotId: FIRST_SNAPSHOT, rung: 'full' });
    expect(treatment.warnings.join()).toMatch(/snapshot nowhere, which an experiment asks for, is not loaded/);
  });

  it('load a snapshot that an experiment begins to ask for, without becoming current', async () => {
    await world.publish(LATE_SNAPSHOT, { seed: 9, becomesCurrent: false });
    await define(experimentWith({ snapshotId: LATE_SNAPSHOT }));
    await gateway.until(({ body }) => body.snapshotId === LATE_SNAPSHOT, '/v1/users/tess/recommendations');
    expect((await gateway.recommend('cora')).snapshotId).toBe(FIRST_SNAPSHOT);
  });

  it('keep their snapshot from everyone else, also while ranking has yet to load the current one', async () => {
    const chosen = '20260104T000000Z-dddddd';
    const next = '20260105T000000Z-eeeeee';
    const behind = await world.temporaryDirectory();
    await world.publish(chosen, { seed: 11, directory: behind });
    await world.publish(FIRST_SNAPSHOT, { directory: behind });
    await world.publish(chosen, { seed: 11, becomesCurrent: false });
    await define(experimentWith({ snapshotId: chosen }));
    const environment = { WATCHNEXT_EXPERIMENTS_FILE: path };
    const rankingPort = await freePort();
    await world.startRanking(behind, { ...environment, WATCHNEXT_GRPC_PORT: String(rankingPort) });
    await gateway.until(({ body }) => body.snapshotId === chosen, '/v1/users/tess/recommendations');
    const between = await world.startGateway({
      ...environment,
      WATCHNEXT_RANKING_ADDRESS: `127.0.0.1:${rankingPort}`,
    });
    await world.publish(next, { seed: 13 });
    await gateway.until(({ body }) => body.snapshotId === next, '/v1/users/cora/recommendations');
    expect(await between.recommend('cora')).toMatchObject({ snapshotId: FIRST_SNAPSHOT, rung: 'full' });
    expect(await between.recommend('tess')).toMatchObject({ snapshotId: chosen, rung: 'full' });
    await world.pointAt(FIRST_SNAPSHOT);
    await gateway.until(({ body }) => body.snapshotId === FIRST_SNAPSHOT, '/v1/users/cora/recommendations');
  });

  it('change the channel cap, and what the sources add', async () => {
    await define(experimentWith({ channelCap: 1 }));
    const mostOfOneChannel = (answer: Any) => {
      const channels = answer.items.map(({ channelId }: Any) => channelId);
      return Math.max(...channels.map((id: string) => channels.filter((other: string) => other === id).length));
    };
    const capped = await both();
    expect(mostOfOneChannel(capped.control)).toBe(2);
    expect(mostOfOneChannel(capped.treatment)).toBe(1);
    await define(experimentWith({ candidateCount: 3, blendQuotas: { trending: 0, popular: 2, fresh: 0 } }));
    const { control, treatment } = await both({ limit: 50 });
    expect(control.items).toHaveLength(50);
    expect(treatment.items.length).toBeGreaterThan(2);
    expect(treatment.items.length).toBeLessThanOrEqual(5);
  });

  it.each([
    ['retrieval-order', false],
    ['snapshot-popular', true],
    ['memory-popular', false],
  ])('serve a variant from rung %s, though nothing is broken', async (rung, isScored) => {
    await define(experimentWith({ rung }));
    const { control, treatment } = await both();
    expect(control.rung).toBe('full');
    expect(treatment).toMatchObject({ rung, rungReason: expect.stringContaining('experiment try, variant treatment') });
    expect(treatment.items).toHaveLength(10);
    expect(treatment.items.every(({ score }: Any) => (score !== undefined) === isScored)).toBe(true);
    if (rung === 'retrieval-order') {
      const scores = treatment.items.map(({ sourceScore, source }: Any) =>
        source === 'retrieval' ? sourceScore : NaN,
      );
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
    } else expect(treatment.items.every(({ source }: Any) => source !== 'retrieval')).toBe(true);
  });

  it('stay in force when the file becomes unusable, and count that', async () => {
    await define(experimentWith({ channelCap: 10 }));
    await writeFile(path, '{"layers": []');
    await gateway.running.app.get<ExperimentsFollowing>(EXPERIMENTS).refresh();
    expect((await gateway.recommend('tess')).experiments).toHaveLength(1);
    expect(await gateway.metric('watchnext_gateway_refused_experiment_files_total')).toBeGreaterThan(0);
    await define();
    expect((await gateway.recommend('tess')).experiments).toBeUndefined();
  });

  it('let testers choose by a header, where the configuration allows it', async () => {
    await define(experimentWith({ channelCap: 10 }, { testers: {}, start: '2119-01-01T00:00:00Z' }));
    const asked = (header: string) =>
      gateway.get('/v1/users/anyone/recommendations', { 'x-watchnext-experiments': header });
    expect((await asked('try=treatment')).body.experiments).toEqual([
      { experiment: 'try', variant: 'treatment', overridden: true },
    ]);
    expect((await asked('try=other')).body.warnings[0]).toMatch(/no variant other of experiment try/);
    expect(await asked('nonsense')).toMatchObject({
      status: 400,
      body: { error: { field: 'x-watchnext-experiments' } },
    });
    expect((await gateway.recommend('anyone')).experiments).toBeUndefined();
    const strict = await world.startGateway({ WATCHNEXT_EXPERIMENTS_FILE: path });
    const plain = await strict.get('/v1/users/anyone/recommendations', { 'x-watchnext-experiments': 'try=treatment' });
    expect(plain.body.experiments).toBeUndefined();
  });

  it('draft interleaved lists of both rankings, fairly', async () => {
    await define(
      experimentWith(
        { snapshotId: OTHER_SNAPSHOT },
        { testers: { cora: 'control', tess: 'treatment' }, design: 'interleaved' },
      ),
    );
    const rankings = await both({ limit: 50 });
    Object.assign(requestIds, { of: 'draft', count: 0 });
    const firsts = { control: 0, treatment: 0 };
    for (let request = 0; request < 10; request++) {
      const answer = await gateway.recommend('new viewer', { limit: 10 });
      expect(new Set(idsOf(answer)).size).toBe(10);
      const teams = answer.items.map(({ team }: Any) => team);
      firsts[teams[0] as 'control' | 'treatment']++;
      const own = teams.filter((team: string) => team === 'treatment').length;
      expect(own).toBeGreaterThanOrEqual(3);
      expect(own).toBeLessThanOrEqual(7);
      if (request > 0) continue;
      expect(answer.experiments).toEqual([{ experiment: 'try', overridden: false }]);
      const record = await logged(answer.requestId);
      expect(record).toMatchObject({ snapshotId: '', assignments: [{ experimentId: 'try', variantId: '' }] });
      expect(record.items.map(({ team }) => team)).toEqual(teams);
      expect(record.items.every(({ featuresChecksum }) => featuresChecksum === undefined)).toBe(true);
    }
    const unexplained = await gateway.recommend('new viewer', { explain: 'true' });
    expect(unexplained.warnings).toEqual(['the scores are not explained: the list is of two snapshots']);
    expect(unexplained.items.every(({ explain }: Any) => explain.features.length === 0)).toBe(true);
    expect(checkSampleRatio([firsts.control, firsts.treatment], [1, 1]).chiSquareP).toBeGreaterThan(0.001);
    expect(rankings.control.snapshotId).toBe(FIRST_SNAPSHOT);
    expect(rankings.treatment.snapshotId).toBe(OTHER_SNAPSHOT);
    expect(rankings.treatment.items[0].team).toBeUndefined();
  });

  it('answer interleaved requests in time whatever is late or down, and then count for no team', async () => {
    await define(experimentWith({ candidateCount: 50 }, { design: 'interleaved' }));
    const hurried = await world.startGateway({
      WATCHNEXT_EXPERIMENTS_FILE: path,
      // Less than the gateway keeps for writing the answer: nothing but its memory is fast enough.
      WATCHNEXT_DEADLINE_MS: '10',
    });
    const late = await hurried.recommend('someone');
    expect(late).toMatchObject({ rung: 'memory-popular', experiments: [{ experiment: 'try', overridden: false }] });
    const alone = await world.startGateway({
      WATCHNEXT_EXPERIMENTS_FILE: path,
      WATCHNEXT_RANKING_ADDRESS: `127.0.0.1:${await freePort()}`,
    });
    const unranked = await alone.recommend('someone');
    expect(unranked).toMatchObject({ rung: 'retrieval-order' });
    for (const answer of [late, unranked]) {
      expect(answer.items).toHaveLength(10);
      expect(answer.items.every(({ team }: Any) => team === undefined)).toBe(true);
    }
  });

  it('keep a place for fresh videos, beside the one for the next best, and log both', async () => {
    await define(
      experimentWith(
        {
          blendQuotas: { fresh: 20 },
          exploration: { position: 2, poolSize: 4, epsilon: 1 },
          freshExploration: { position: 5, poolSize: 4, epsilon: 1 },
        },
        { testers: { tess: 'treatment' } },
      ),
    );
    const answers = [];
    Object.assign(requestIds, { of: 'fresh', count: 0 });
    for (let request = 0; request < 8; request++) answers.push(await gateway.recommend('tess', { explain: 'true' }));
    const lists = await world.servedLists();
    let moved = 0;
    for (const { requestId, items } of answers) {
      const record = lists.get(requestId)!;
      expect(record.exploredPlaces.map(({ position }) => position)).toEqual([2, 5]);
      for (const { position, options } of record.exploredPlaces) {
        expect(options).toHaveLength(4);
        expect(record.items[position]!.propensity).toBe(0.25);
        expect(options.map(({ videoId }) => videoId)).toContain(record.items[position]!.videoId);
        expect(items[position].explain.propensity).toBe(0.25);
      }
      const explanation = items[5].explain;
      if (explanation.rules[0]?.rule !== 'fresh-exploration') continue;
      moved++;
      expect(explanation.sources.map(({ source }: Any) => source)).toContain('fresh');
    }
    expect(moved).toBeGreaterThan(0);
  });

  it('fill a place by chance as often as they log', async () => {
    await define(
      experimentWith({ exploration: { position: 2, poolSize: 4, epsilon: 0.6 } }, { testers: { tess: 'treatment' } }),
    );
    const counts = new Map<string, number>();
    let options: readonly { videoId: string; probability: number }[] = [];
    const askedIds: string[] = [];
    Object.assign(requestIds, { of: 'place', count: 0 });
    for (let request = 0; request < 50; request++) askedIds.push((await gateway.recommend('tess')).requestId);
    const lists = await world.servedLists();
    for (const requestId of askedIds) {
      const { items, exploredPlaces } = lists.get(requestId)!;
      options = exploredPlaces[0]!.options;
      expect(exploredPlaces[0]!.position).toBe(2);
      expect(items[2]!.propensity).toBe(options.find(({ videoId }) => videoId === items[2]!.videoId)!.probability);
      expect(items.every(({ propensity, position }) => position === 2 || propensity === 1)).toBe(true);
      counts.set(items[2]!.videoId, (counts.get(items[2]!.videoId) ?? 0) + 1);
    }
    const { chiSquareP } = checkSampleRatio(
      options.map(({ videoId }) => counts.get(videoId) ?? 0),
      options.map(({ probability }) => probability),
    );
    expect(options).toHaveLength(4);
    expect(chiSquareP).toBeGreaterThan(0.001);
  });
});
