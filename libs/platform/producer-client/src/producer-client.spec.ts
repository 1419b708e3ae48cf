import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildProgram, eventually } from '@watchnext/testing';
import { MisbehavingCollector } from '../test/misbehaving-collector';
import type { SpoolingMessage } from '../test/spooling-program';
import { searchEvent } from './create-event';
import { DeliveryError, type ProducerClientError } from './errors';
import type { ProducerClientOptions, Rejection } from './options';
import { ProducerClient } from './producer-client';

const search = (n: number) => searchEvent({ userId: `user-${n % 3}`, query: `query ${n}` });
const numbers = (to: number) => Array.from({ length: to }, (_, i) => i);
const queriesOf = (events: { body?: { $case: string; value: object } }[]) =>
  events.map(({ body }) => Number((body?.value as { query: string }).query.split(' ')[1]));

describe('a producer client', () => {
  let collector: MisbehavingCollector;
  let directory: string;
  let errors: ProducerClientError[];
  let rejections: Rejection[];
  const clients: ProducerClient[] = [];
  const make = (options: Partial<ProducerClientOptions> = {}) => {
    const client = new ProducerClient({
      url: collector.url,
      producer: 'spec',
      lingerMs: 5,
      retryBaseMs: 2,
      retryCapMs: 10,
      onError: (error) => errors.push(error),
      onRejected: (rejection) => rejections.push(rejection),
      ...options,
    });
    clients.push(client);
    return client;
  };
  const sendAll = async (client: ProducerClient, from: number, to: number) => {
    for (let n = from; n < to; n++) await client.send(search(n));
  };

  beforeEach(async () => {
    collector = await MisbehavingCollector.start();
    directory = await mkdtemp(join(tmpdir(), 'watchnext-producer-'));
    errors = [];
    rejections = [];
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close(0).catch(() => undefined)));
    await collector.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it('delivers events whole, in order, in batches', async () => {
    const client = make({ maxBatchEvents: 10, apiKey: 'secret' });
    const events = numbers(35).map(search);
    for (const event of events) await client.send(event);
    await client.flush();
    expect(collector.accepted).toEqual(events.map((event) => ({ ...event, producer: 'spec' })));
    expect(Math.max(...collector.requests.map((request) => request.events.length))).toBe(10);
    expect(collector.requests[0]?.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'x-api-key': 'secret',
    });
    expect(client.statistics()).toMatchObject({ acceptedEvents: 35, pendingEvents: 0, failedTries: 0 });
  });

  it('sends an event that waits alone once it is old enough', async () => {
    await make({ lingerMs: 20 }).send(search(0));
    await eventually(() => collector.accepted.length === 1, 'the event');
  });

  it('keeps batches within their bytes', async () => {
    const client = make({ maxBatchBytes: 400 });
    await sendAll(client, 0, 20);
    await client.flush();
    expect(queriesOf(collector.accepted)).toEqual(numbers(20));
    for (const { headers } of collector.requests) expect(Number(headers['content-length'])).toBeLessThanOrEqual(400);
    const tooLarge = client.send(searchEvent({ userId: 'anna', query: 'x'.repeat(500) }));
    await expect(tooLarge).rejects.toMatchObject({ code: 'event-too-large', limitBytes: 400 });
  });

  it('tries again after errors of the server and of the connection, without loss or change of order', async () => {
    // Twice: a connection that was used before is replaced by a new one once, without an error.
    const reset = ['reset', 'reset'] as const;
    collector.behaveInTurn({ status: 500 }, ...reset, { status: 503 }, 'accept', ...reset, {
      status: 200,
      body: 'no JSON',
    });
    const client = make({ maxBatchEvents: 5 });
    await sendAll(client, 0, 20);
    await client.flush();
    expect(queriesOf(collector.accepted)).toEqual(numbers(20));
    expect(errors).toHaveLength(5);
    expect(errors.map((error) => (error as DeliveryError).status)).toEqual([500, undefined, 503, undefined, 200]);
    expect(rejections).toEqual([]);
  });

  it('gives up on an answer that does not come, and tries again', async () => {
    collector.behaveInTurn('hang');
    const client = make({ requestTimeoutMs: 50 });
    await client.send(search(0));
    await client.flush();
    // A busy machine may let a second answer come too late as well: the event is sent until one comes, and each silence is told.
    expect(new Set(queriesOf(collector.accepted))).toEqual(new Set([0]));
    expect(errors.length).toBe(collector.requests.length - 1);
    for (const { message } of errors) expect(message).toContain('no answer in time');
    expect(errors.length).toBeGreaterThan(0);
  });

  it('sends and tries again in time though the clock is set back', async () => {
    collector.behaveInTurn({ status: 500 }, { status: 500 });
    const startMs = Date.now();
    let clock: jest.SpyInstance | undefined;
    const setBack = () => {
      clock?.mockRestore();
      clock = jest.spyOn(Date, 'now').mockReturnValue(startMs - 3_600_000 * (errors.length + 1));
    };
    const client = make({
      onError: (error) => {
        errors.push(error);
        setBack();
      },
    });
    try {
      await client.send(search(0));
      setBack();
      await eventually(() => collector.accepted.length > 0, 'the first event');
      await client.flush();
    } finally {
      clock?.mockRestore();
    }
    expect(queriesOf(collector.accepted)).toEqual([0]);
    expect(errors).toHaveLength(2);
  });

  it('waits as long as the server asks', async () => {
    collector.behaveInTurn({ status: 429, headers: { 'retry-after': '0.3' } });
    const client = make();
    await client.send(search(0));
    await client.flush();
    const [first, second] = collector.requests;
    expect((second?.receivedAtMs ?? 0) - (first?.receivedAtMs ?? 0)).toBeGreaterThanOrEqual(295);
  });

  it('keeps trying where its key or its address is wrong, and says so', async () => {
    collector.behaveInTurn(
      { status: 401 },
      { status: 404, body: '{"error":{"code":"not-found","message":"no such page"}}' },
    );
    const client = make();
    await client.send(search(0));
    await client.flush();
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringContaining('401'),
      expect.stringContaining('no such page'),
    ]);
    expect(queriesOf(collector.accepted)).toEqual([0]);
  });

  it('tells of each event that the collector rejects, and of no other', async () => {
    collector.behave = ({ events }) => ({
      status: 200,
      body: JSON.stringify({
        results: events.map((_, index) =>
          index === 1
            ? { index, status: 'rejected', code: 'too-long', field: 'search.query', reason: 'too long' }
            : { index, status: index === 2 ? 'duplicate' : 'accepted' },
        ),
      }),
    });
    const client = make();
    const events = numbers(4).map(search);
    await Promise.all(events.map((event) => client.send(event)));
    await client.flush();
    expect(rejections).toEqual([
      { event: { ...events[1], producer: 'spec' }, code: 'too-long', field: 'search.query', reason: 'too long' },
    ]);
    expect(client.statistics()).toMatchObject({ acceptedEvents: 2, duplicateEvents: 1, rejectedEvents: 1 });
  });

  it.each([
    ['none at all', []],
    ['none of the last event', [{ index: 0, status: 'accepted' }]],
    ['two of one event', [0, 0].map((index) => ({ index, status: 'accepted' }))],
    ['one that it does not know', [0, 1].map((index) => ({ index, status: index === 0 ? 'accepted' : 'postponed' }))],
  ])('takes no event for delivered by an answer with verdicts, but %s', async (_, results) => {
    collector.behaveInTurn({ status: 200, body: JSON.stringify({ results }) });
    const client = make();
    await Promise.all(numbers(2).map((n) => client.send(search(n))));
    await client.flush();
    expect(errors).toMatchObject([{ status: 200, message: expect.stringContaining('the answer has') as string }]);
    expect(queriesOf(collector.accepted)).toEqual([0, 1]);
    expect(client.statistics()).toMatchObject({ acceptedEvents: 2, failedTries: 1 });
  });

  it.each([400, 413])(
    'finds the event for which whole batches are refused with %i, and delivers the others',
    async (status) => {
      const body = '{"error":{"code":"too-odd","message":"one is too odd","requestId":"r"}}';
      collector.behave = ({ events }) => (queriesOf(events).includes(13) ? { status, body } : 'accept');
      const client = make({ maxBatchEvents: 16 });
      await sendAll(client, 0, 40);
      await client.flush();
      expect(queriesOf(collector.accepted)).toEqual(numbers(40).filter((n) => n !== 13));
      expect(rejections.map(({ event, code, reason }) => [queriesOf([event])[0], code, reason])).toEqual([
        [13, 'too-odd', 'one is too odd'],
      ]);
    },
  );

  it.each([
    [400, '<html>400 No required SSL certificate was sent</html>'],
    [400, '{"error":"Bad Request","message":"Client Error","statusCode":400}'],
    [413, '<html>413 Request Entity Too Large</html>'],
    [422, '{"error":{"code":422,"message":"blocked"}}'],
    [422, ''],
  ])('loses nothing to a %i that is not the collector’s: %j', async (status, body) => {
    collector.behave = () => ({ status, body });
    const client = make({ maxBatchEvents: 4 });
    await sendAll(client, 0, 10);
    await eventually(() => errors.length >= 3, 'three errors');
    expect(errors[0]).toMatchObject({ code: 'delivery', status, message: expect.stringContaining(body) });
    expect(client.statistics()).toMatchObject({ pendingEvents: 10, rejectedEvents: 0 });
    collector.behave = () => 'accept';
    await client.flush();
    expect(queriesOf(collector.accepted)).toEqual(numbers(10));
    expect(rejections).toEqual([]);
  });

  it('splits batches that are too large for a proxy until they pass', async () => {
    collector.behave = ({ events }) => (events.length > 3 ? { status: 413, body: '<html>too large</html>' } : 'accept');
    const client = make({ maxBatchEvents: 16 });
    await sendAll(client, 0, 40);
    await client.flush();
    expect(queriesOf(collector.accepted)).toEqual(numbers(40));
    expect(client.statistics()).toMatchObject({ rejectedEvents: 0, failedTries: 0 });
  });

  it('sends fewer logins at a time where a collector waits in vain for their histories', async () => {
    const body = JSON.stringify({ error: { code: 'history-not-folded', message: 'send it again' } });
    collector.behave = ({ events }) => (events.length > 3 ? { status: 503, body } : 'accept');
    const client = make({ maxBatchEvents: 16 });
    await sendAll(client, 0, 40);
    await client.flush();
    expect(queriesOf(collector.accepted)).toEqual(numbers(40));
    expect(errors[0]).toMatchObject({ status: 503, reason: 'history-not-folded' });
  });

  it('lets senders wait while the buffer is full, and in the order in which they came', async () => {
    let isOpen = false;
    collector.behave = () => (isOpen ? 'accept' : { status: 503 });
    const client = make({ maxBufferedEvents: 5, maxBatchEvents: 2 });
    let acceptedSends = 0;
    const sends = numbers(12).map((n) => client.send(search(n)).then(() => (acceptedSends += 1)));
    await eventually(() => errors.length >= 3, 'three errors');
    expect(acceptedSends).toBe(5);
    expect(client.statistics().pendingEvents).toBe(5);
    isOpen = true;
    await Promise.all(sends);
    await client.flush();
    expect(queriesOf(collector.accepted)).toEqual(numbers(12));
  });

  it('survives callbacks that throw', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    collector.behaveInTurn({ status: 500 });
    const client = make({
      onError: () => {
        throw new Error('thrown by a callback');
      },
    });
    await client.send(search(0));
    await client.flush();
    expect(collector.accepted).toHaveLength(1);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('thrown by a callback'), expect.anything());
    warn.mockRestore();
  });

  it.each(['/v1/events', '/v1/events/', '/api/v1/events'])('names what stands before %s in an address', (path) => {
    const url = `http://127.0.0.1:7001${path}`;
    expect(() => make({ url })).toThrow(
      expect.objectContaining({
        ...{ code: 'option', option: 'url' },
        message: expect.stringContaining(`give what stands before it, ${url.slice(0, url.indexOf('v1/events'))}`),
      }),
    );
  });

  it('says why a spool cannot be opened, and what to do', async () => {
    const spoolDirectory = join(directory, 'file');
    await writeFile(spoolDirectory, '');
    const client = make({ spoolDirectory });
    await eventually(() => errors.length > 0, 'an error');
    expect(errors[0].message).toMatch(/cannot open the spool .*file: E[A-Z]+: .*give spoolDirectory a folder/);
    await expect(client.send(search(0))).rejects.toBe(errors[0]);
  });

  describe('closing', () => {
    it('delivers what waits, and takes no more', async () => {
      const client = make({ lingerMs: 60_000 });
      await sendAll(client, 0, 3);
      await client.close();
      expect(queriesOf(collector.accepted)).toEqual([0, 1, 2]);
      await expect(client.send(search(3))).rejects.toMatchObject({ code: 'client-closed' });
    });

    it('says how much it could not deliver', async () => {
      collector.behave = () => 'hang';
      const client = make();
      await sendAll(client, 0, 3);
      await expect(client.flush(20)).rejects.toMatchObject({ code: 'undelivered-events', eventCount: 3 });
      await expect(client.close(20)).rejects.toMatchObject({ code: 'undelivered-events', eventCount: 3 });
    });

    it('turns senders away that still wait for room', async () => {
      collector.behave = () => 'hang';
      const client = make({ maxBufferedEvents: 1 });
      await client.send(search(0));
      const waiting = expect(client.send(search(1))).rejects.toMatchObject({ code: 'client-closed' });
      await client.close(0).catch(() => undefined);
      await waiting;
    });
  });

  describe('with a spool', () => {
    const spooling = (options: Partial<ProducerClientOptions> = {}) =>
      make({ spoolDirectory: join(directory, 'spool'), spoolAfterFailures: 2, ...options });

    it('takes far more than its buffer while the collector is away, and delivers it in order later', async () => {
      collector.behave = () => 'reset';
      const client = spooling({ maxBufferedEvents: 10, maxBatchEvents: 7 });
      await sendAll(client, 0, 100);
      await eventually(() => client.statistics().spooledEvents === 100, 'all events in the spool');
      collector.behave = () => 'accept';
      await sendAll(client, 100, 120);
      await client.flush();
      expect(queriesOf(collector.accepted)).toEqual(numbers(120));
      expect(client.statistics()).toMatchObject({ spooledEvents: 0, pendingEvents: 0, acceptedEvents: 120 });
    });

    it('keeps on disk what a proxy refuses instead of the collector', async () => {
      collector.behave = () => ({ status: 400, body: '<html>400 No required SSL certificate was sent</html>' });
      const client = spooling({ maxBatchEvents: 7 });
      await sendAll(client, 0, 30);
      await eventually(() => client.statistics().spooledEvents === 30, 'all events in the spool');
      const failedTries = client.statistics().failedTries;
      await eventually(() => client.statistics().failedTries > failedTries + 1, 'two more tries');
      collector.behave = () => 'accept';
      await client.flush();
      expect(queriesOf(collector.accepted)).toEqual(numbers(30));
      expect(rejections).toEqual([]);
    });

    it('leaves on closing what another client delivers first', async () => {
      collector.behave = () => ({ status: 503 });
      const first = spooling();
      await sendAll(first, 0, 30);
      await first.close(10);
      collector.behave = () => 'accept';
      const second = spooling();
      await sendAll(second, 30, 40);
      await second.flush();
      expect(queriesOf(collector.accepted)).toEqual(numbers(40));
    });

    it('says that neither buffer nor spool has room, and goes on when there is some', async () => {
      collector.behave = () => ({ status: 503 });
      const client = spooling({ maxBufferedEvents: 10, maxBatchEvents: 10, maxSpoolBytes: 4_000 });
      let sent = 0;
      const sending = (async () => {
        for (; ; sent++) await client.send(search(sent));
      })();
      await expect(sending).rejects.toMatchObject({ code: 'spool-full', limitBytes: 4_000, retriable: true });
      expect(sent).toBeGreaterThan(20);
      collector.behave = () => 'accept';
      await client.flush();
      await sendAll(client, sent, sent + 5);
      await client.flush();
      expect(queriesOf(collector.accepted)).toEqual(numbers(sent + 5));
    });

    it('has on disk what was spooled when the process is killed, and delivers it in order', async () => {
      collector.behave = () => 'reset';
      const spoolDirectory = join(directory, 'spool');
      const program = join(__dirname, '..', 'test', 'spooling-program.ts');
      const child = ChildProgram.start<SpoolingMessage>(program, [collector.url, spoolDirectory]);
      await eventually(() => expect(child.ofKind('spooled').length).toBeGreaterThan(5));
      await child.kill();
      const spooledCount = Math.max(...child.ofKind('spooled').map(({ eventCount }) => eventCount));
      expect(spooledCount).toBeGreaterThan(0);
      // Another one: what the dead had sent already may come after its end, and is delivered once more from the spool.
      const heirs = await MisbehavingCollector.start();
      try {
        await spooling({ url: heirs.url }).flush();
      } finally {
        await heirs.stop();
      }
      const { accepted } = heirs;
      expect(accepted.length).toBeGreaterThanOrEqual(spooledCount);
      expect(queriesOf(accepted)).toEqual(numbers(accepted.length));
    });

    it('refuses a folder that another client uses', async () => {
      const first = spooling();
      await first.flush();
      const second = spooling();
      await expect(second.flush().then(() => second.send(search(0)))).rejects.toMatchObject({ code: 'spool-in-use' });
      expect(errors).toMatchObject([{ code: 'spool-in-use', processId: process.pid }]);
    });
  });
});
