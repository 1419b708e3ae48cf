/** A producer and its collector with a bad network between them. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { embeddedPaths, loadConfig } from '@watchnext/config';
import { Event, TOPICS } from '@watchnext/contract';
import { openEmbeddedEventLog } from '@watchnext/event-log';
import { newEventId, ProducerClient } from '@watchnext/producer-client';
import { createLogger, type RunningHttpService } from '@watchnext/service';
import { eventually, FaultProxy, temporaryDirectory } from '@watchnext/testing';
import { ingestionSettings } from '../../../../apps/ingestion/src/config';
import { startIngestion } from '../../../../apps/ingestion/src/start';

const KEY = 'key-of-a-spec';
const TRY_TIMEOUT_MS = 500;
const COLLECTOR_TIMEOUT_MS = 1_000;
const EVENT_COUNT = 300;
const LIMIT_MS = 180_000;

describe('a producer and its collector', () => {
  let directory: { path: string; remove(): Promise<void> };
  let collector: RunningHttpService;
  let proxy: FaultProxy;

  beforeAll(async () => {
    directory = await temporaryDirectory('networks');
    const keyFile = join(directory.path, 'keys');
    await writeFile(keyFile, `spec ${createHash('sha256').update(KEY).digest('hex')}\n`);
    const settings = loadConfig(ingestionSettings, {
      WATCHNEXT_DATA_DIR: directory.path,
      WATCHNEXT_HTTP_PORT: '0',
      WATCHNEXT_INGESTION_ROLES: 'collect',
      WATCHNEXT_API_KEYS_FILE: keyFile,
      WATCHNEXT_COLLECTOR_REQUEST_TIMEOUT_MS: String(COLLECTOR_TIMEOUT_MS),
      WATCHNEXT_COLLECTOR_IN_FLIGHT_MB: '1',
    });
    collector = await startIngestion(settings, createLogger('spec', { level: 'silent', format: 'json' }));
  }, LIMIT_MS);
  afterAll(async () => {
    await collector?.app.close();
    await directory.remove();
  }, LIMIT_MS);
  beforeEach(async () => (proxy = await FaultProxy.start(collector.port)));
  afterEach(() => proxy.stop(), LIMIT_MS);

  const searchEvent = (userId: string): Event =>
    Event.fromPartial({
      eventId: newEventId(),
      occurredAtMs: Date.now(),
      producer: 'spec',
      body: { $case: 'search', value: { userId, query: 'a few words' } },
    });

  async function loggedIds(): Promise<string[]> {
    const log = openEmbeddedEventLog(embeddedPaths(directory.path).eventLog);
    const ids: string[] = [];
    const onRecords = async (records: readonly { value: Uint8Array }[]) => {
      for (const { value } of records) ids.push(Event.decode(value).eventId);
    };
    await (await log.tail(TOPICS.activity, { onRecords })).stop();
    await log.close();
    return ids;
  }

  it.each<[string, (one: FaultProxy) => void, number]>([
    ['is slow and narrow', (one) => one.set({ upstream: { delayMs: 150, bytesPerSecond: 60_000 } }), 0],
    ['hangs towards the collector', (one) => one.set({ upstream: { hang: true } }), 2],
    ['hangs towards the producer', (one) => one.set({ downstream: { hang: true } }), 2],
    ['has forgotten the connections', (one) => one.forget(), 1],
    ['refuses connections', (one) => (one.set({ refuse: true }), one.reset()), 2],
  ])(
    'lose no event where the network %s, and the producer gives up each try that hangs',
    async (name, hurt, leastFailures) => {
      let failureCount = 0;
      const producer = new ProducerClient({
        url: `http://127.0.0.1:${proxy.port}`,
        producer: 'spec',
        apiKey: KEY,
        maxBatchEvents: 20,
        requestTimeoutMs: TRY_TIMEOUT_MS,
        retryBaseMs: 20,
        retryCapMs: 100,
        onError: () => failureCount++,
      });
      const events = Array.from({ length: EVENT_COUNT }, (_, i) => searchEvent(`${name}-${i % 7}`));
      await producer.send(events[0] as Event);
      await producer.flush();
      hurt(proxy);
      for (const event of events.slice(1)) await producer.send(event);
      if (leastFailures > 0) {
        // A second one shows that the first was given up. What was forgotten is replaced at the second try already.
        await eventually(() => expect(failureCount).toBeGreaterThanOrEqual(leastFailures));
        proxy.set({});
      }
      await producer.flush();
      expect(producer.statistics()).toMatchObject({ rejectedEvents: 0, pendingEvents: 0 });
      await producer.close();
      const logged = new Set(await loggedIds());
      expect(events.filter(({ eventId }) => !logged.has(eventId))).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'lose no event while connections are reset again and again',
    async () => {
      const producer = new ProducerClient({
        url: `http://127.0.0.1:${proxy.port}`,
        producer: 'spec',
        apiKey: KEY,
        maxBatchEvents: 5,
        requestTimeoutMs: TRY_TIMEOUT_MS,
        retryBaseMs: 5,
        retryCapMs: 20,
      });
      const events: Event[] = [];
      proxy.set({ downstream: { delayMs: 5 } });
      let resetCount = 0;
      const resets = setInterval(() => (resetCount += proxy.reset()), 40);
      while (events.length < EVENT_COUNT || resetCount <= 5) {
        for (let i = 0; i < 20; i++) {
          const event = searchEvent(`reset-${i % 7}`);
          events.push(event);
          await producer.send(event);
        }
        await producer.flush();
      }
      clearInterval(resets);
      await producer.close();
      const logged = new Set(await loggedIds());
      expect(events.filter(({ eventId }) => !logged.has(eventId))).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'let others in again once producers that fell silent in the middle of a request are given up',
    async () => {
      const post = () =>
        fetch(`http://127.0.0.1:${collector.port}/v1/events`, {
          method: 'POST',
          headers: { 'x-api-key': KEY, 'content-type': 'application/json' },
          body: JSON.stringify({ events: [], padding: 'x'.repeat(400_000) }),
        });
      let answers: Promise<string>[] = [];
      // Again where the one that is held was given up before anyone else came.
      await eventually(async () => {
        // What an earlier attempt left held would have both refused.
        await Promise.all(answers);
        // Together they send more than the collector may hold.
        answers = [1, 2].map(() => unendedRequest(collector.port, 700_000));
        expect(await Promise.race(answers)).toBe('429');
        expect((await post()).status).toBe(429);
      });
      expect((await Promise.all(answers)).sort()).toEqual(['408', '429']);
      await eventually(async () => expect((await post()).status).not.toBe(429));
    },
    LIMIT_MS,
  );

  /** All of a request but its last byte. @returns the status that it is answered with, or that it is closed without one */
  function unendedRequest(port: number, bodyBytes: number): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('error', () => undefined);
    socket.write(
      `POST /v1/events HTTP/1.1\r\nhost: spec\r\nx-api-key: ${KEY}\r\ncontent-type: application/json\r\n` +
        `content-length: ${bodyBytes}\r\n\r\n${'x'.repeat(bodyBytes - 1)}`,
    );
    // A refused request's connection may be kept open by the server: its answer is enough.
    return (async () => {
      await eventually(() => socket.destroyed || answer.includes('\r\n\r\n'), 'an answer to an unended request');
      socket.destroy();
      return answer.split(' ')[1] ?? 'closed';
    })();
  }
});
