import { type EventLog, EventLogError } from '@watchnext/event-log';
import type { Draft } from '../pipeline/draft';
import { Dependency } from '../resilience/dependency';
import { logImpressionsStage } from './log-impressions';

describe('a log of impressions', () => {
  const draft = {
    request: { userId: 'ada', requestId: 'r', requestedAtMs: 0 },
    page: [{ videoId: 'v', video: {}, sources: [{ source: 'popular', score: 1 }], position: 0, propensity: 1 }],
    exploredPlaces: [],
    assignments: [],
    failures: [],
    ranked: [],
    serving: {},
    snapshotId: '',
  } as unknown as Draft;
  const limits = () => ({
    deadlineAtMs: Date.now() + 60_000,
    signal: new AbortController().signal,
    isHurried: false,
  });

  it.each([
    ['unreachable, after which it is not asked for a while, where it is down', true, 'circuit-open'],
    ['in order where it refuses a record for good', false, 'dependency-refused'],
  ])('is taken for %s', async (_, retriable, category) => {
    const append = () => Promise.reject(new EventLogError('no', 'some-code', retriable));
    const stage = logImpressionsStage({ append } as unknown as EventLog, new Dependency('event log'), () => 0);
    for (let i = 0; i < 20; i++) await Promise.resolve(stage.run(draft, limits())).catch(() => undefined);
    await expect(stage.run(draft, limits())).rejects.toMatchObject({ category });
  });

  it('is told when the stage is over, so that it writes nothing that nobody waits for', async () => {
    const append = jest.fn().mockResolvedValue([]);
    const stage = logImpressionsStage({ append } as unknown as EventLog, new Dependency('event log'), () => 0);
    const given = limits();
    await stage.run(draft, given);
    expect(append).toHaveBeenCalledWith(expect.any(String), [expect.objectContaining({ key: 'ada' })], given.signal);
  });
});
