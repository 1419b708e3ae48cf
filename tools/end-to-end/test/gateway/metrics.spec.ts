/** What the services say of themselves: names that dashboards can rely on, and numbers that follow what happens. */
import { METRIC_NAMES as gatewayNames } from '../../../../apps/gateway/src/metrics';
import { METRIC_NAMES as ingestionNames } from '../../../../apps/ingestion/src/metrics';
import { METRIC_NAMES as rankingNames } from '../../../../apps/ranking/src/metrics';
import { METRIC_NAMES as retrievalNames } from '../../../../apps/retrieval/src/metrics';
import { SERVICE_METRICS } from '@watchnext/service';
import { FIRST_SNAPSHOT, freePort, type TestGateway, watchEvent, World } from './world';

describe('the names of metrics', () => {
  const own = { gateway: gatewayNames, ingestion: ingestionNames, ranking: rankingNames, retrieval: retrievalNames };
  const shared = new Set<string>(Object.values(SERVICE_METRICS));

  it.each(Object.entries(own))('of %s are its own or shared, and say their kind', (app, names) => {
    for (const name of names.filter((one) => !shared.has(one))) {
      expect(name).toMatch(new RegExp(`^watchnext_${app}_[a-z0-9_]+$`));
    }
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining([...shared]));
  });
});

describe('metrics of a system at work', () => {
  let world: World;
  let gateway: TestGateway;
  const ports = { retrieval: 0, ranking: 0 };
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
    await world.publish(FIRST_SNAPSHOT);
    [ports.retrieval, ports.ranking] = [await freePort(), await freePort()];
    const metricsOn = (port: number) => ({ WATCHNEXT_METRICS_PORT: String(port) });
    await Promise.all([
      world.startRetrieval(undefined, metricsOn(ports.retrieval)),
      world.startRanking(undefined, metricsOn(ports.ranking)),
    ]);
    gateway = await world.startGateway();
    await gateway.recommend('ada');
    await gateway.recommend('ada', { explain: 'true' });
    await gateway.get('/v1/users/ada/recommendations?limit=0');
  });
  afterAll(() => world.close(), 20_000);

  it('of the gateway count requests, stages, candidates and drops', async () => {
    const text = await scrape(`${gateway.url}/metrics`);
    const route = '/v1/users/:id/recommendations';
    expect(valueOf(text, `watchnext_http_requests_total{route="${route}",method="GET",status="200"}`)).toBe(2);
    expect(valueOf(text, `watchnext_http_requests_total{route="${route}",method="GET",status="400"}`)).toBe(1);
    expect(valueOf(text, `watchnext_http_seconds_count{route="${route}"}`)).toBe(3);
    expect(valueOf(text, 'watchnext_gateway_stage_seconds_count{stage="rank"}')).toBe(2);
    expect(valueOf(text, 'watchnext_gateway_candidates_total{source="retrieval"}')).toBeGreaterThan(20);
    expect(valueOf(text, 'watchnext_gateway_removed_candidates_total{filter="watched"}')).toBeGreaterThan(0);
    expect(valueOf(text, `watchnext_snapshot_info{snapshot="${FIRST_SNAPSHOT}"}`)).toBe(1);
    expect(valueOf(text, 'watchnext_gateway_catalogue_videos')).toBe(60);
    for (const name of namesIn(text)) expect(gatewayNames).toContain(name);
  });

  it('of ranking and retrieval count calls by status, candidates, and say which snapshot serves', async () => {
    const ranking = await scrape(`http://127.0.0.1:${ports.ranking}/metrics`);
    expect(valueOf(ranking, 'watchnext_rpc_requests_total{rpc="Rank",code="OK"}')).toBe(3);
    expect(valueOf(ranking, 'watchnext_ranking_candidates_total')).toBeGreaterThan(60);
    expect(valueOf(ranking, 'watchnext_ranking_explained_requests_total')).toBe(1);
    const retrieval = await scrape(`http://127.0.0.1:${ports.retrieval}/metrics`);
    expect(valueOf(retrieval, 'watchnext_rpc_seconds_count{rpc="Retrieve"}')).toBe(2);
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

  it('have a sentence each', async () => {
    for (const url of [`${gateway.url}/metrics`, `http://127.0.0.1:${ports.ranking}/metrics`]) {
      for (const line of (await scrape(url)).split('\n')) {
        if (line.startsWith('# HELP')) expect(line).toMatch(/^# HELP \S+ [A-Z].*\.$/);
      }
    }
  });
});
