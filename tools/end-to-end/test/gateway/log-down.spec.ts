import { loadConfig } from '@watchnext/config';
import { TOPICS } from '@watchnext/contract';
import { type EventLog, LogUnavailableError, TopicMismatchError } from '@watchnext/event-log';
import { gatewaySettings } from '../../../../apps/gateway/src/config';
import { startGateway } from '../../../../apps/gateway/src/start';
import { eventually } from '@watchnext/testing';
import { FIRST_SNAPSHOT, freePort, silent, World } from './world';

/** Nothing listens there. */
const REFUSED_BROKER = { WATCHNEXT_EVENT_LOG: 'kafka', WATCHNEXT_KAFKA_BROKERS: '127.0.0.1:9' };

/** Calls of a method; of topics only where they are the gateway's, as snapshots are followed apart. */
const countOf = (calls: readonly { name: string; argument: unknown }[], name: string) =>
  calls.filter(
    (call) =>
      call.name === name && (name !== 'ensureTopics' || JSON.stringify(call.argument).includes(TOPICS.activity)),
  ).length;

describe('services that start while the event log is down', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create();
    await world.publish(FIRST_SNAPSHOT);
  });
  afterAll(() => world.close());

  /** A log that answers nothing until `come` is called, and counts what is asked of it. */
  const logThatComes = (error: Error) => {
    let isThere = false;
    const calls: { name: string; argument: unknown }[] = [];
    const log = new Proxy(world.log, {
      get(target, name) {
        const method = Reflect.get(target, name) as unknown;
        if (typeof method !== 'function') return method;
        return (...args: unknown[]) => {
          calls.push({ name: String(name), argument: args[0] });
          if (name === 'close') return Promise.resolve();
          return isThere ? Reflect.apply(method, target, args) : Promise.reject(error);
        };
      },
    }) satisfies EventLog;
    return { log, come: () => void (isThere = true), countOf: (name: string) => countOf(calls, name) };
  };

  it('are there: retrieval and ranking serve, the gateway is alive, and says why it is not ready', async () => {
    await world.startRetrieval(world.dataDirectory, REFUSED_BROKER);
    await world.startRanking(world.dataDirectory, REFUSED_BROKER);
    const waiting = await world.startGateway(REFUSED_BROKER);
    expect(await waiting.get('/livez')).toMatchObject({ status: 200 });
    const { status, body } = await waiting.get('/readyz');
    expect({ status, body }).toMatchObject({
      status: 503,
      body: { ready: false, waiting: 'the catalogue cannot be read: log-unavailable' },
    });
    expect(await waiting.get('/v1/users/u1/recommendations')).toMatchObject({
      status: 503,
      body: { error: { code: 'not-ready' } },
    });
    // The model services are whole: a gateway whose log is there gets full lists from them.
    const other = await world.startGateway();
    expect((await other.recommend('u1')).rung).toBe('full');
  });

  it('get ready when it comes', async () => {
    const { log, come } = logThatComes(new LogUnavailableError('no broker yet'));
    const gateway = await world.startGateway({}, { eventLog: log });
    expect(await gateway.get('/readyz')).toMatchObject({
      status: 503,
      body: { waiting: 'the catalogue cannot be read: log-unavailable' },
    });
    come();
    const { body } = await gateway.until(({ status }) => status === 200, '/readyz');
    expect(body).not.toHaveProperty('waiting');
    expect((await gateway.recommend('u1')).rung).toBe('full');
  });

  it('look at their topics once where it is there', async () => {
    const { log, come, countOf } = logThatComes(new LogUnavailableError('never'));
    come();
    await world.startGateway({}, { eventLog: log });
    expect(countOf('ensureTopics')).toBe(1);
  });

  it('are closed at once by a stop, though they serve and wait for the rest', async () => {
    const hanging = new Proxy(world.log, {
      get(target, name) {
        const method = Reflect.get(target, name) as unknown;
        if (typeof method !== 'function') return method;
        // The counts of watches begin with it: by then the catalogue is read, and the gateway ready.
        if (name === 'bounds') return () => new Promise(() => undefined);
        return name === 'close' ? () => Promise.resolve() : method.bind(target);
      },
    }) satisfies EventLog;
    const port = await freePort();
    const settings = loadConfig(gatewaySettings, {
      WATCHNEXT_DATA_DIR: world.dataDirectory,
      WATCHNEXT_HTTP_PORT: String(port),
    });
    const stopping = new AbortController();
    const starting = startGateway(settings, silent, stopping.signal, { eventLog: hanging });
    await eventually(async () => expect(await fetch(`http://127.0.0.1:${port}/readyz`)).toMatchObject({ status: 200 }));
    stopping.abort();
    const { app } = await starting;
    await app.close();
    await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow();
  });

  it('do not wait for what only people can put right, and leave nothing open', async () => {
    const { log, countOf } = logThatComes(new TopicMismatchError('watchnext.activity.v1', 4, 8));
    const port = await freePort();
    const settings = loadConfig(gatewaySettings, {
      WATCHNEXT_DATA_DIR: world.dataDirectory,
      WATCHNEXT_HTTP_PORT: String(port),
    });
    await expect(startGateway(settings, silent, undefined, { eventLog: log })).rejects.toThrow(/has 8 partitions/);
    expect([countOf('ensureTopics'), countOf('close')]).toEqual([1, 1]);
    await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow();
  });
});
