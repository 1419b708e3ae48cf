import pino from 'pino';
import { MetricsRegistry } from './metrics';
import { type ProbeServer, type ReadyState, serveProbes } from './probe-server';

describe('probes on a port of their own', () => {
  const HOST = '127.0.0.1';
  const quiet = pino({ level: 'silent' });
  const metrics = new MetricsRegistry({ calls_total: 'Calls.' });
  let state: ReadyState;
  let dead: string[];
  let server: ProbeServer | undefined;
  beforeEach(async () => {
    state = 'not ready';
    dead = [];
    const settings = { WATCHNEXT_HOST: HOST, WATCHNEXT_METRICS_PORT: 0 };
    server = await serveProbes(settings, { metrics, readyState: () => state, dead: () => dead }, quiet);
  });
  afterEach(() => server?.close());
  const get = (path: string) => fetch(`http://${HOST}:${server?.port}${path}`);

  it('are answered with the metrics, and nothing else is', async () => {
    metrics.count('calls_total');
    expect(await (await get('/metrics')).text()).toContain('calls_total 1');
    expect((await get('/')).status).toBe(404);
  });

  it('tell whether the service is ready, and alive', async () => {
    expect([(await get('/livez')).status, (await get('/readyz')).status]).toEqual([200, 503]);
    state = 'ready';
    expect((await get('/readyz')).status).toBe(200);
    state = 'stopping';
    const stopping = await get('/readyz');
    expect([stopping.status, await stopping.text()]).toEqual([503, 'stopping']);
    expect((await get('/livez')).status).toBe(200);
    dead.push('catalogue');
    const restart = await get('/livez');
    expect([restart.status, await restart.text()]).toEqual([503, 'no sign of life: catalogue']);
  });

  it('are there only where the settings name one', async () => {
    expect(await serveProbes({ WATCHNEXT_HOST: HOST }, { metrics, readyState: () => state }, quiet)).toBeUndefined();
  });
});
