import { DEPENDENCIES, type EventFigures, FAULT_KINDS, type FaultRow } from '@watchnext/end-to-end';
import { judgeFault } from './judge-fault';

const row = (more: Partial<FaultRow> = {}): FaultRow => ({
  dependency: 'ranking',
  fault: 'hung',
  requests: 200,
  failed: 0,
  late: 0,
  p50Ms: 20,
  p99Ms: 300,
  maxMs: 400,
  rungs: { 'retrieval-order': 1 },
  unlogged: 0,
  recoverySeconds: 0.9,
  ...more,
});

describe('the judgement of a fault', () => {
  it('finds nothing wrong with what was measured (docs/results/reliability.md)', () => {
    const rungs: Record<string, Record<string, number>> = {
      retrieval: { 'snapshot-popular': 1 },
      ranking: { 'retrieval-order': 1 },
      collector: { full: 1 },
      'feature store': { 'snapshot-popular': 1 },
      'event log': { full: 1 },
      'snapshot store': { full: 1 },
    };
    for (const dependency of DEPENDENCIES)
      for (const fault of FAULT_KINDS)
        expect(judgeFault(row({ dependency, fault, rungs: rungs[dependency]! }))).toEqual([]);
    const lucky = { 'snapshot-popular': 0.04, full: 0.96 };
    expect(judgeFault(row({ dependency: 'feature store', fault: 'corrupted', rungs: lucky }))).toEqual([]);
  });

  const events = (more: Partial<EventFigures>): Partial<FaultRow> => ({
    dependency: 'collector',
    rungs: { full: 1 },
    events: {
      requests: 200,
      late: 0,
      p50Ms: 20,
      p99Ms: 300,
      maxMs: 400,
      unclear: 0,
      lost: 0,
      undelivered: 0,
      told: { 'again (502)': 0.99, accepted: 0.01 },
      ...more,
    },
  });

  it('takes what producers are told for well where it is true, and leaves damage to their reading', () => {
    expect(judgeFault(row(events({})))).toEqual([]);
    expect(judgeFault(row({ ...events({ unclear: 9, told: { accepted: 1 } }), fault: 'corrupted' }))).toEqual([]);
  });

  it.each<[string, Partial<FaultRow>, RegExp]>([
    ['a late answer to a producer', events({ late: 1 }), /^1 requests with events late$/],
    ['an answer that tells a producer nothing', events({ unclear: 1 }), /^1 requests with events not told/],
    ['an accepted event that is nowhere', events({ lost: 2 }), /^2 accepted events lost$/],
    ['an event that is never taken', events({ undelivered: 3 }), /^3 events never accepted$/],
    [
      'a fault that was none',
      events({ told: { accepted: 0.5, 'again (502)': 0.5 } }),
      /^50\.0% of requests.*at all\?$/,
    ],
    [
      'followers that are slow to hear',
      { dependency: 'event log', rungs: { full: 1 }, heardSeconds: 5.5 },
      /^news over the log after 5\.5 s/,
    ],
    [
      'followers that hear nothing',
      { dependency: 'event log', rungs: { full: 1 }, heardSeconds: null },
      /heard of nothing new$/,
    ],
    ['a request without a list', { failed: 1 }, /^1 not answered with a list$/],
    ['a late answer', { late: 2 }, /^2 late$/],
    ['a rung too low', { rungs: { 'retrieval-order': 0.98, 'memory-popular': 0.02 } }, /^2\.0% below retrieval-order$/],
    ['full lists from a service that is away', { rungs: { full: 0.9, 'retrieval-order': 0.1 } }, /^90\.0% above/],
    ['a log that costs a rung', { dependency: 'event log', rungs: { 'memory-popular': 1 } }, /^100\.0% below full$/],
    ['errors alone', { failed: 0, rungs: { 'status 500': 1 } }, /^no list while it was bad$/],
    ['a slow recovery', { recoverySeconds: 5.1 }, /^recovery after 5\.1 s, at most 5 s$/],
    ['no recovery', { recoverySeconds: undefined }, /^no recovery seen$/],
  ])('names %s', (_, more, wrong) => {
    expect(judgeFault(row(more))).toEqual([expect.stringMatching(wrong)]);
  });
});
