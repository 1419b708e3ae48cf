import type { EventArchive } from '@watchnext/event-archive';
import { type EventLog, LogUnavailableError, type Subscription, TopicMismatchError } from '@watchnext/event-log';
import type { FeatureStore } from '@watchnext/feature-store';
import { eventually } from '@watchnext/testing';
import { quiet } from '../test/harness';
import { Catalogue } from './collect/catalogue';
import { ingestionSettings } from './config';
import { Ingestion } from './ingestion';
import { Metrics } from './metrics';

const CLOSED = { close: async () => undefined };

/** A log that is there or not, whose consumers hear of it when told. */
class Log {
  isThere = true;
  heartbeatAgeMs = 0;
  private readonly answer = async <T>(value: T): Promise<T> => {
    if (!this.isThere) throw new LogUnavailableError('no broker answers');
    return value;
  };
  private readonly subscription: Subscription = {
    assignedPartitions: () => [0],
    heartbeatAgeMs: () => this.heartbeatAgeMs,
    stop: async () => undefined,
  };
  readonly port = {
    ...CLOSED,
    ensureTopics: jest.fn(() => this.answer(undefined)),
    tail: () => this.answer(this.subscription),
    joinGroup: () => this.answer(this.subscription),
    bounds: () => this.answer([]),
  };
}

describe('ingestion and its event log', () => {
  const PARTS = ['catalogue', 'materialise', 'archive watchnext.activity.v1', 'archive watchnext.catalog.v1'];
  const WAITING = `not ready: ${PARTS.join(', ')}`;
  let log: Log;
  let ingestion: Ingestion;
  let metrics: Metrics;
  let draining: { isStopping: boolean };
  const clockCheck = { start: jest.fn(), stop: jest.fn(), unfitness: (): string[] => [] };
  const make = (unavailable?: Error, settings: Record<string, string> = {}) =>
    new Ingestion(
      ingestionSettings.parse(settings),
      quiet,
      { eventLog: log.port as unknown as EventLog, unavailable },
      CLOSED as FeatureStore,
      CLOSED as EventArchive,
      new Catalogue(quiet),
      (metrics = new Metrics()),
      clockCheck,
      draining,
    );
  beforeEach(() => {
    log = new Log();
    draining = { isStopping: false };
    jest.clearAllMocks();
    clockCheck.unfitness = () => [];
    ingestion = make();
  });
  afterEach(async () => {
    await ingestion.onApplicationShutdown();
    jest.useRealTimers();
  });

  it('is ready once all that its roles follow stands', async () => {
    expect(ingestion.readyState()).toBe('not ready: not begun');
    expect(ingestion.isCollecting()).toBe(false);
    await ingestion.begin();
    expect(ingestion.readyState()).toBe('ready');
    expect(ingestion.isCollecting()).toBe(true);
    expect(log.port.ensureTopics).toHaveBeenCalledTimes(1);
  });

  it('is ready no more once it stops', async () => {
    await ingestion.begin();
    draining.isStopping = true;
    expect(ingestion.readyState()).toBe('stopping');
  });

  it('is not ready while its clock has it turn events away', async () => {
    await ingestion.begin();
    expect(clockCheck.start).toHaveBeenCalledTimes(1);
    clockCheck.unfitness = () => ['the clock is 400 s behind'];
    expect([ingestion.readyState(), ingestion.dead()]).toEqual(['not ready: the clock is 400 s behind', []]);
    await ingestion.onApplicationShutdown();
    expect(clockCheck.stop).toHaveBeenCalledTimes(1);
  });

  it('asks no clock where it takes no events', async () => {
    ingestion = make(undefined, { WATCHNEXT_INGESTION_ROLES: 'materialise,archive' });
    await ingestion.begin();
    expect(clockCheck.start).not.toHaveBeenCalled();
  });

  it('shows how well it hears of the catalogue, by which it fills events', async () => {
    await ingestion.begin();
    log.heartbeatAgeMs = 90_000;
    const shown = () =>
      /^watchnext_follower_heartbeat_age_seconds\{follower="catalogue"\} (.*)$/m.exec(metrics.render());
    expect(Number(shown()?.[1])).toBeLessThan(90);
    expect(metrics.render()).toContain('watchnext_follower_lag_records{follower="catalogue"} 0');
  });

  it('begins though the log is down, is alive and not ready, and goes on when it is back', async () => {
    log.isThere = false;
    ingestion = make(new LogUnavailableError('no broker answers'));
    await ingestion.begin();
    expect([ingestion.readyState(), ingestion.dead(), ingestion.isCollecting()]).toEqual([WAITING, [], false]);
    log.isThere = true;
    await eventually(() => expect([ingestion.readyState(), ingestion.isCollecting()]).toEqual(['ready', true]));
  });

  it('does not end where the log goes while it starts', async () => {
    log.isThere = false;
    await ingestion.begin();
    expect([ingestion.readyState(), ingestion.dead()]).toEqual([WAITING, []]);
  });

  it('ends its start with what the log answers and refuses', async () => {
    log.port.ensureTopics.mockRejectedValue(new TopicMismatchError('watchnext.activity.v1', 16, 8));
    await expect(ingestion.begin()).rejects.toThrow(/has 8 partitions/);
  });

  it('is not ready, and no restart is asked for, however long the log is away; but where consumers hear nothing of a log that answers', async () => {
    jest.useFakeTimers();
    await ingestion.begin();
    log.isThere = false;
    log.heartbeatAgeMs = 600_000;
    await jest.advanceTimersByTimeAsync(600_000);
    expect([ingestion.readyState(), ingestion.dead()]).toEqual([WAITING, []]);
    log.isThere = true;
    // Consumers find their way back within this.
    await jest.advanceTimersByTimeAsync(90_000);
    expect(ingestion.dead()).toEqual([]);
    await jest.advanceTimersByTimeAsync(90_000);
    expect(ingestion.dead()).toEqual(PARTS);
  });
});
