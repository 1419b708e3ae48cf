/** What the services say of themselves: names that dashboards can rely on, and numbers that follow what happens. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '@watchnext/config';
import { TOPICS } from '@watchnext/contract';
import { freePorts } from '@watchnext/local-stack';
import { eventually } from '@watchnext/testing';
import { ingestionSettings } from '../../../../apps/ingestion/src/config';
import { startIngestion } from '../../../../apps/ingestion/src/start';
import { METRIC_NAMES as gatewayNames } from '../../../../apps/gateway/src/metrics';
import { METRIC_NAMES as ingestionNames } from '../../../../apps/ingestion/src/metrics';
import { METRIC_NAMES as rankingNames } from '../../../../apps/ranking/src/metrics';
import { METRIC_NAMES as retrievalNames } from '../../../../apps/retrieval/src/metrics';
import { SERVICE_METRICS } from '@watchnext/service';
import { FIRST_SNAPSHOT, PARTITIONS, silent, type TestGateway, watchEvent, World } from './world';

describe('the names of metrics', () => {
  it('that services share are each shown by one of them', () => {
    const all = new Set([...gatewayNames, ...ingestionNames, ...rankingNames, ...retrievalNames]);
    expect([...shared].filter((name) => !all.has(name))).toEqual([]);
  });

  const own = { gateway: gatewayNames, ingestion: ingestionNames, ranking: rankingNames, retrieval: retrievalNames };
  const shared = new Set<string>(Object.values(SERVICE_METRICS));

  it.each(Object.entries(own))('of %s are its own or shared, and say their kind', (app, names) => {
    for (const name of names.filter((one) => !shared.has(one))) {
      expect(name).toMatch(new RegExp(`^watchnext_${app}_[a-z0-9_]+$`));
    }
    expect(new Set(names).size).toBe(names.length);
  });
});

const EVERYONE_IN_AN_EXPERIMENT = {
  layers: [{ name: 'all', salt: 'l' }],
  experiments: [
    {
      name: 'all',
      hypothesis: 'None.',
      layer: 'all',
      salt: 's',
      start: '2020-01-01T00:00:00Z',
      stop: '2120-01-01T00:00:00Z',
      variants: [
        { name: 'one', share: 0.5 },
        { name: 'two', share: 0.5 },
      ],
      testers: { ada: 'one' },
    },
  ],
};

describe('metrics of a system at work', () => {
  let world: World;
  let gateway: TestGateway;
  const ports = { retrieval: 0, ranking: 0, ingestion: 0 };
  const scrape = async (url: string) => (await fetch(url)).text();
  const namesIn = (text: string) => [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name!);
  const valueOf = (text: string, series: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.slice(series.length + 1),
    );

  beforeAll(async () => {
    world = await World.create();
    await world.fold('ada', watchEvent('ada', 'v00'));
    [ports.retrieval, ports.ranking] = (await freePorts(2)) as [number, number];
    const experiments = join(world.dataDirectory, 'experiments.json');
    await writeFile(experiments, JSON.stringify(EVERYONE_IN_AN_EXPERIMENT));
    gateway = await world.startGateway({ WATCHNEXT_EXPERIMENTS_FILE: experiments });
    // Before there is anything to ask.
    expect(await gateway.recommend('ada')).toMatchObject({ rung: 'memory-popular' });
    await world.publish(FIRST_SNAPSHOT);
    const metricsOn = (port: number) => ({ WATCHNEXT_METRICS_PORT: String(port) });
    await Promise.all([
      world.startRetrieval(undefined, { ...metricsOn(ports.retrieval), WATCHNEXT_RECALL_SAMPLE_SECONDS: '0.05' }),
      world.startRanking(undefined, metricsOn(ports.ranking)),
    ]);
    await gateway.until(({ body }) => body.snapshotId === FIRST_SNAPSHOT, '/v1/snapshot');
    // Circuits that opened meanwhile close when they have tried. A list may be full and its explanation missed: that is a warning.
    for (const query of [{}, {}, { explain: 'true' }] as Record<string, string>[])
      await eventually(async () => {
        const { rung, warnings } = await gateway.recommend('ada', query);
        expect({ rung, warnings }).toEqual({ rung: 'full', warnings: undefined });
      });
    await gateway.get('/v1/users/ada/recommendations?limit=0');

    const settings = loadConfig(ingestionSettings, {
      WATCHNEXT_DATA_DIR: world.dataDirectory,
      WATCHNEXT_HTTP_PORT: '0',
      WATCHNEXT_ACTIVITY_PARTITIONS: String(PARTITIONS),
    });
    const ingestion = await startIngestion(settings, silent);
    world.closing(ingestion.app);
    ports.ingestion = ingestion.port;
    const body = JSON.stringify({ events: [{ eventId: 'none' }] });
    await fetch(`http://127.0.0.1:${ingestion.port}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    // No event at all: it becomes a dead letter.
    await world.log.append(TOPICS.activity, [{ key: 'ada', value: Buffer.from('no event') }]);
  });
  afterAll(() => world.close());

  it('of the gateway count requests, stages, candidates and drops', async () => {
    const text = await scrape(`${gateway.url}/metrics`);
    const route = '/v1/users/:id/recommendations';
    const answered = valueOf(text, `watchnext_http_requests_total{route="${route}",method="GET",status="200"}`);
    expect(answered).toBeGreaterThanOrEqual(4);
    expect(valueOf(text, `watchnext_http_requests_total{route="${route}",method="GET",status="400"}`)).toBe(1);
    expect(valueOf(text, `watchnext_http_seconds_count{route="${route}"}`)).toBe(answered + 1);
    expect(valueOf(text, 'watchnext_gateway_stage_seconds_count{stage="rank"}')).toBeGreaterThanOrEqual(answered);
    const below = { rung: 'memory-popular', reason: 'dependency-unreachable' };
    expect(
      valueOf(text, `watchnext_gateway_answers_total{rung="${below.rung}",reason="${below.reason}"}`),
    ).toBeGreaterThan(0);
    expect(valueOf(text, 'watchnext_gateway_answers_total{rung="full",reason=""}')).toBeGreaterThanOrEqual(3);
    // A connection that was refused is tried once more.
    const tries = (granted: boolean) =>
      valueOf(
        text,
        `watchnext_gateway_second_tries_total{dependency="retrieval",why="failed",granted="${String(granted)}"}`,
      );
    expect(tries(true) + tries(false)).toBeGreaterThan(0);
    expect(valueOf(text, 'watchnext_gateway_assigned_lists_total{experiment="all",variant="one"}')).toBe(answered);
    expect(valueOf(text, 'watchnext_gateway_circuit_open{dependency="feature store"}')).toBe(0);
    expect(valueOf(text, 'watchnext_follower_lag_records{follower="catalogue"}')).toBe(0);
    expect(valueOf(text, 'watchnext_follower_heartbeat_age_seconds{follower="trending"}')).toBeLessThan(30);
    const ageSeconds = valueOf(text, 'watchnext_snapshot_age_seconds');
    // That of its manifest, which the world makes now.
    expect(ageSeconds).toBeGreaterThan(0);
    expect(ageSeconds).toBeLessThan(600);
    expect(valueOf(text, 'watchnext_gateway_candidates_total{source="retrieval"}')).toBeGreaterThan(20);
    expect(valueOf(text, 'watchnext_gateway_removed_candidates_total{filter="watched"}')).toBeGreaterThan(0);
    expect(valueOf(text, `watchnext_snapshot_info{snapshot="${FIRST_SNAPSHOT}"}`)).toBe(1);
    expect(valueOf(text, 'watchnext_gateway_catalogue_videos')).toBe(60);
    for (const name of namesIn(text)) expect(gatewayNames).toContain(name);
  });

  it('of ranking and retrieval count calls by status, candidates, and say which snapshot serves', async () => {
    const ranking = await scrape(`http://127.0.0.1:${ports.ranking}/metrics`);
    expect(valueOf(ranking, 'watchnext_rpc_requests_total{rpc="Rank",code="OK"}')).toBeGreaterThanOrEqual(3);
    expect(valueOf(ranking, 'watchnext_ranking_candidates_total')).toBeGreaterThan(60);
    expect(valueOf(ranking, 'watchnext_ranking_explained_requests_total')).toBeGreaterThan(0);
    const retrieval = await scrape(`http://127.0.0.1:${ports.retrieval}/metrics`);
    expect(valueOf(retrieval, 'watchnext_rpc_seconds_count{rpc="Retrieve"}')).toBeGreaterThanOrEqual(2);
    await eventually(async () => {
      const sampled = await scrape(`http://127.0.0.1:${ports.retrieval}/metrics`);
      expect(valueOf(sampled, 'watchnext_retrieval_recall_samples_total')).toBeGreaterThan(0);
      // Sixty videos: the graph misses none of them.
      expect(valueOf(sampled, 'watchnext_retrieval_index_recall_at_100')).toBe(1);
    });
    expect(valueOf(retrieval, 'watchnext_retrieval_canary_recall_at_100')).toBeCloseTo(1, 9);
    // Nothing to compare with: the first one.
    expect(valueOf(retrieval, 'watchnext_retrieval_canary_overlap')).toBeNaN();
    expect(valueOf(retrieval, 'watchnext_retrieval_clipped_videos')).toBe(0);
    expect(valueOf(retrieval, 'watchnext_snapshot_refusals_total{reason="canary-failed"}')).toBe(0);
    expect(valueOf(retrieval, 'watchnext_retrieval_left_out_videos_total{reason="watched"}')).toBeGreaterThan(0);
    for (const [text, names] of [
      [ranking, rankingNames],
      [retrieval, retrievalNames],
    ] as const) {
      expect(valueOf(text, `watchnext_snapshot_info{snapshot="${FIRST_SNAPSHOT}"}`)).toBe(1);
      expect(valueOf(text, 'process_resident_memory_bytes')).toBeGreaterThan(1e7);
      expect(text).toMatch(/watchnext_event_loop_lag_seconds\{quantile="1"\} \d/);
      for (const name of namesIn(text)) expect(names).toContain(name);
    }
  });

  it('of ingestion count events, dead letters, and how far its roles are behind the log', async () => {
    const url = `http://127.0.0.1:${ports.ingestion}/metrics`;
    await eventually(async () => {
      const text = await scrape(url);
      expect(text).toMatch(/^watchnext_ingestion_dead_letters_total\{code="[a-z-]+"\} 1$/m);
      expect(text).toMatch(/^watchnext_ingestion_events_total\{result="rejected",code="[a-z-]+"\} 1$/m);
      const lags = [...text.matchAll(/^watchnext_ingestion_consumer_lag_records\{role="materialise",.*\} (\d+)$/gm)];
      expect(lags.map(([, records]) => Number(records))).toEqual(Array(PARTITIONS).fill(0));
      expect(text).toMatch(/^watchnext_ingestion_batch_failures_total\{role="materialise",topic="[^"]+"\} 0$/m);
    });
  });

  it.each([
    ['gateway', () => `${gateway.url}/metrics`, gatewayNames],
    ['retrieval', () => `http://127.0.0.1:${ports.retrieval}/metrics`, retrievalNames],
    ['ranking', () => `http://127.0.0.1:${ports.ranking}/metrics`, rankingNames],
    ['ingestion', () => `http://127.0.0.1:${ports.ingestion}/metrics`, ingestionNames],
  ])('of %s are all those that are listed, each with a value', async (_, url, names) => {
    await eventually(async () => {
      const text = await scrape(url());
      expect([...namesIn(text)].sort()).toEqual([...names].sort());
      const withValue = new Set(
        [...text.matchAll(/^([a-z_0-9]+?)(?:_count)?(?:\{.*\})? \S+$/gm)].map(([, name]) => name!),
      );
      expect(names.filter((name) => !withValue.has(name))).toEqual([]);
    });
  });

  it('have a sentence each', async () => {
    for (const url of [`${gateway.url}/metrics`, `http://127.0.0.1:${ports.ranking}/metrics`]) {
      for (const line of (await scrape(url)).split('\n')) {
        if (line.startsWith('# HELP')) expect(line).toMatch(/^# HELP \S+ [A-Z].*\.$/);
      }
    }
  });
});
