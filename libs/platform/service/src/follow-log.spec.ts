import { setTimeout as delay } from 'node:timers/promises';
import { type EventLog, EventLogError, LogUnavailableError, type Subscription } from '@watchnext/event-log';
import { followLog, openServiceLog, untilFollowing } from './follow-log';
import { createLogger } from './logger';

jest.mock('node:timers/promises', () => {
  const actual = jest.requireActual<typeof import('node:timers/promises')>('node:timers/promises');
  return { ...actual, setTimeout: jest.fn(actual.setTimeout) };
});
/** What is waited for, and how long; time passes as ever. */
const timers = jest.mocked(delay);

const lines: { level: string; msg: string }[] = [];
const record = (level: string) => (_facts: unknown, msg: string) => void lines.push({ level, msg });
const logger = {
  ...createLogger('spec', { level: 'silent', format: 'json' }),
  warn: record('warn'),
  error: record('error'),
} as unknown as ReturnType<typeof createLogger>;

const kafka = (port: number) =>
  ({
    WATCHNEXT_EVENT_LOG: 'kafka',
    WATCHNEXT_KAFKA_BROKERS: [`127.0.0.1:${port}`],
    WATCHNEXT_KAFKA_NAMESPACE: '',
    WATCHNEXT_KAFKA_COMPRESSION: 'gzip',
    WATCHNEXT_KAFKA_REPLICATION_FACTOR: 1,
    WATCHNEXT_KAFKA_REQUEST_TIMEOUT_MS: 15_000,
    WATCHNEXT_KAFKA_SESSION_TIMEOUT_MS: 15_000,
    WATCHNEXT_KAFKA_TLS: false,
  }) as unknown as Parameters<typeof openServiceLog>[0];

function subscription() {
  let stops = 0;
  const stopped: Subscription = {
    assignedPartitions: () => [],
    heartbeatAgeMs: () => 0,
    stop: async () => void stops++,
  };
  return { subscription: stopped, stops: () => stops };
}

describe('a service and an event log that is down', () => {
  beforeEach(() => lines.splice(0));

  it('opens it all the same, soon, and says in the log why it does not answer', async () => {
    const startedAt = performance.now();
    // Nothing listens on port 9.
    const { eventLog, unavailable } = await openServiceLog(kafka(9), '', 'gateway', logger);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(unavailable).toBeInstanceOf(LogUnavailableError);
    expect(unavailable?.message).toContain('127.0.0.1:9');
    expect(lines).toEqual([{ level: 'error', msg: expect.stringContaining('starting without it') }]);
    await eventLog.close();
  });

  it('subscribes once it is back', async () => {
    const { subscription: wanted, stops } = subscription();
    const failures: unknown[] = [];
    let attempts = 0;
    const following = followLog({
      without: 'no catalogue yet',
      logger,
      subscribe: async () => {
        if (++attempts < 3) throw new LogUnavailableError('down');
        return wanted;
      },
      onFailure: (error) => failures.push(error),
      retryMs: 1,
    });
    await expect(following.firstFailure).resolves.toBeInstanceOf(LogUnavailableError);
    await following.established;
    expect([attempts, failures.length]).toEqual([3, 2]);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toEqual({ level: 'warn', msg: 'no catalogue yet: the event log does not answer; trying again' });
    await following.stop();
    expect(stops()).toBe(1);
  });

  it('says as an error what the log refuses, since only people can change that', async () => {
    const subscribe = () => Promise.reject(new EventLogError('no right to read', 'not-authorised', false));
    const following = followLog({ without: 'no catalogue yet', logger, subscribe, retryMs: 1 });
    await following.firstFailure;
    await new Promise(setImmediate);
    expect(lines).toEqual([{ level: 'error', msg: expect.stringContaining('refuses') }]);
    await following.stop();
  });

  describe('is waited for by a start', () => {
    const starting = async (subscribe: () => Promise<Subscription>, limitMs: number, stopping?: AbortSignal) => {
      const following = followLog({ without: 'no catalogue yet', logger, subscribe, retryMs: 1 });
      await untilFollowing(following, limitMs, stopping).finally(() => void following.stop());
    };
    /** Longer than Jest lets a test take: a start that waits so long fails. */
    const TOO_LONG_MS = 600_000;
    const refuses = () => Promise.reject(new EventLogError('no right to read', 'not-authorised', false));

    it('until it answers, through failures, and no longer than told', async () => {
      let attempts = 0;
      const back = async () => {
        if (++attempts < 3) throw new LogUnavailableError('down');
        return subscription().subscription;
      };
      await starting(back, TOO_LONG_MS);
      expect(attempts).toBe(3);
      await starting(() => Promise.reject(new LogUnavailableError('down')), 50);
      await starting(() => new Promise(() => undefined), 50);
    });

    it('but not once the start is to stop', async () => {
      const stopping = new AbortController();
      setTimeout(() => stopping.abort(), 20);
      await starting(() => new Promise(() => undefined), TOO_LONG_MS, stopping.signal);
      expect(stopping.signal.aborted).toBe(true);
    });

    it('but not where it refuses', async () => {
      await expect(starting(refuses, TOO_LONG_MS)).rejects.toThrow('no right to read');
    });
  });

  it('stops soon amid an attempt that hangs, and leaves no subscription that comes late', async () => {
    const { subscription: late, stops } = subscription();
    let arrive: (value: Subscription) => void = () => undefined;
    const hangs = new Promise<Subscription>((resolve) => (arrive = resolve));
    const following = followLog({ without: 'nothing', logger, subscribe: () => hangs });
    timers.mockClear();
    await following.stop();
    expect(timers.mock.calls.map(([milliseconds]) => milliseconds)).toEqual([1_000]);
    arrive(late);
    await new Promise(setImmediate);
    expect(stops()).toBe(1);
  });

  it('reads no topic of a log that never came: what is asked of it fails, and its end is soon', async () => {
    const settings = { ...kafka(9), WATCHNEXT_KAFKA_REQUEST_TIMEOUT_MS: 300 } as ReturnType<typeof kafka>;
    const { eventLog }: { eventLog: EventLog } = await openServiceLog(settings, '', 'gateway', logger);
    await expect(eventLog.partitionCount('a.v1')).rejects.toBeInstanceOf(LogUnavailableError);
    await eventLog.close();
  });
});
