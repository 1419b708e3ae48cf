/** How long requests take and who waits for them: callers' deadlines, callers that leave, more callers than can be served. */
import { request as httpRequest } from 'node:http';
import { RetrievalServiceService } from '@watchnext/contract';
import { GrpcServer, unaryHandler } from '@watchnext/service';
import { eventually } from '@watchnext/testing';
import { LoopLag } from '../../../../apps/gateway/src/resilience/loop-lag';
import { METRICS, Metrics } from '../../../../apps/gateway/src/metrics';
import { silent, type TestGateway, World } from './world';

/** A retrieval service that does not answer until it is told to fail, and knows whether anyone still waits for it. */
class EndlessRetrieval {
  readonly calls: AbortSignal[] = [];
  readonly deadlinesMs: number[] = [];
  private fail: () => void = () => {};
  private readonly failed = new Promise<never>((_, reject) => (this.fail = () => reject(new Error('told to fail'))));
  private readonly server = new GrpcServer(silent, 'retrieval', RetrievalServiceService, {
    retrieve: unaryHandler(silent, 'Retrieve', (_request, { signal, deadlineAtMs }) => {
      this.calls.push(signal);
      this.deadlinesMs.push(deadlineAtMs - Date.now());
      const aborted = new Promise<never>((_, reject) =>
        signal.addEventListener('abort', () => reject(new Error('aborted'))),
      );
      return Promise.race([aborted, this.failed]);
    }),
  });

  /** From now on. */
  failAll(): void {
    this.failed.catch(() => undefined);
    this.fail();
  }

  async start(port: number): Promise<void> {
    await this.server.listen('127.0.0.1', port);
  }

  close(): Promise<void> {
    return this.server.close();
  }
}

const PATH = '/v1/users/ada/recommendations';
const until = (holds: () => boolean | Promise<boolean>) =>
  eventually(async () => {
    if (!(await holds())) throw new Error(`never held: ${holds}`);
  });

describe('requests in time', () => {
  let world: World;
  let retrieval: EndlessRetrieval;
  let gateway: TestGateway;
  const start = (environment: Record<string, string> = {}) =>
    world.startGateway({ WATCHNEXT_DEADLINE_MS: '20000', ...environment });

  /** Asks, and closes the connection once `when` holds. */
  const askAndLeave = async (when: () => boolean | Promise<boolean>): Promise<void> => {
    const asking = httpRequest(`${gateway.url}${PATH}`);
    asking.on('error', () => undefined);
    asking.end();
    await until(when);
    asking.destroy();
  };

  /** What retrieval is told where the caller waits so long. It fails then: nothing here waits for time to pass. */
  const deadlineTold = async (callersMs: string): Promise<number> => {
    const asking = gateway.get(PATH, { 'x-deadline-ms': callersMs });
    await until(() => retrieval.deadlinesMs.length > 0);
    retrieval.failAll();
    expect(await asking).toMatchObject({ status: 200, body: { rung: 'memory-popular' } });
    expect(retrieval.deadlinesMs[0]).toBeGreaterThan(0);
    return retrieval.deadlinesMs[0]!;
  };

  beforeEach(async () => {
    world = await World.create();
    retrieval = world.closing(new EndlessRetrieval());
    await retrieval.start(world.retrievalPort);
  });
  afterEach(() => world.close());

  it('keep to the deadline that the caller names, and tell it to the services', async () => {
    gateway = await start();
    expect(await deadlineTold('8000')).toBeLessThan(8_000);
  });

  it('keep to their own where the caller would wait longer', async () => {
    gateway = await start({ WATCHNEXT_DEADLINE_MS: '9000' });
    expect(await deadlineTold('3600000')).toBeLessThan(9_000);
  });

  it('count what they waited for this process to read them', async () => {
    gateway = await start();
    jest.spyOn(gateway.running.app.get(LoopLag), 'standingMs', 'get').mockReturnValue(15_000);
    expect(await deadlineTold('19000')).toBeLessThan(4_000);
  });

  it.each(['soon', '0', '19', '-5', '1.5'])('refuse the deadline "%s"', async (value) => {
    gateway = await start();
    expect(await gateway.get(PATH, { 'x-deadline-ms': value })).toMatchObject({
      status: 400,
      body: { error: { field: 'x-deadline-ms' } },
    });
  });

  it('end with the caller: the services are told, and nothing is logged', async () => {
    gateway = await start();
    await askAndLeave(() => retrieval.calls.length === 1);
    await until(() => retrieval.calls[0]!.aborted);
    const metrics = gateway.running.app.get(Metrics);
    await until(() => metrics.value(METRICS.abandonedRequests) === 1);
    expect(metrics.value(METRICS.answers, { rung: 'memory-popular' })).toBe(0);
    expect((await world.servedLists()).size).toBe(0);
  });

  it('are turned away early when there are too many, health and console excepted', async () => {
    gateway = await start({ WATCHNEXT_MAX_IN_FLIGHT: '1' });
    const inFlight = askAndLeave(async () => {
      if (retrieval.calls.length === 0) return false;
      const refused = await fetch(`${gateway.url}${PATH}`);
      expect({ status: refused.status, retryAfter: refused.headers.get('retry-after') }).toEqual({
        status: 429,
        retryAfter: '1',
      });
      expect(await refused.json()).toMatchObject({ error: { code: 'overloaded' } });
      for (const path of ['/livez', '/readyz', '/v1/users', '/v1/videos/v00']) {
        expect(await gateway.get(path)).toMatchObject({ status: 200 });
      }
      return true;
    });
    await inFlight;
    expect(gateway.running.app.get(Metrics).value(METRICS.shedRequests, { of: 'lists' })).toBe(1);
    await until(async () => (await gateway.metric('watchnext_gateway_requests_in_flight')) === 0);
  });

  it('lose no time on a service that fails them, until it is back', async () => {
    gateway = await start({ WATCHNEXT_DEADLINE_MS: '200' });
    const circuit = () => gateway.metric('watchnext_gateway_circuit_open{dependency="retrieval"}');
    await until(async () => {
      await gateway.recommend('ada');
      return (await circuit()) !== 0;
    });
    await until(async () => /retrieval: not asked/.test((await gateway.recommend('ada')).rungReason));
    await retrieval.close();
    await world.publish('20260101T000000Z-aaaaaa');
    await Promise.all([world.startRetrieval(), world.startRanking()]);
    await until(async () => (await gateway.recommend('ada')).rung === 'full');
    expect(await circuit()).toBe(0);
  });
});
