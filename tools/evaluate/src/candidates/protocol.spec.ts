import fc from 'fast-check';
import { DAY_MS, NO_CIRCUMSTANCES } from '@watchnext/features';
import { EvaluationDataError, type WatchData } from '../data/watch-data';
import { leftOutFor, splitWatches, type HeldOut, type Seen } from './protocol';

/** Users with their watches as [video, day]. */
function dataOf(users: Record<string, [string, number][]>, timed = true): WatchData {
  return {
    source: 'test',
    timed,
    uploadedAtMs: new Map(),
    users: Object.entries(users).map(([userId, watches]) => ({
      userId,
      examples: watches.map(([labelVideoId, day], i) => ({
        userId,
        labelVideoId,
        labelAtMs: day * DAY_MS,
        features: {
          watchedVideoIds: watches.slice(0, i).map(([video]) => video),
          ...NO_CIRCUMSTANCES,
        },
      })),
    })),
  };
}
const labels = (held: readonly HeldOut[]) => held.map(({ example }) => `${example.userId}:${example.labelVideoId}`);

describe('leave-one-out', () => {
  const data = dataOf(
    {
      a: [
        ['v1', 0],
        ['v2', 0],
        ['v3', 0],
        ['v4', 0],
      ],
      b: [
        ['v1', 0],
        ['v2', 0],
      ],
      c: [
        ['v1', 0],
        ['v2', 0],
        ['v1', 0],
      ],
    },
    false,
  );

  it('tests the last watch, validates on the one before, and leaves users with too few out', () => {
    const split = splitWatches(data, { name: 'leave-one-out', minWatches: 3 }, 'kept');
    expect(labels(split.test)).toEqual(['a:v4', 'c:v1']);
    expect(labels(split.validation)).toEqual(['a:v3', 'c:v2']);
    expect(split.training.map(({ labelVideoId }) => labelVideoId)).toEqual(['v1', 'v2', 'v1']);
    expect(split.test[0].earlierVideoIds).toEqual(['v1', 'v2', 'v3']);
    expect(split.description).toBe('leave-one-out, 2 of 3 users with 3 watches or more');
  });

  it('asks for no rewatch when seen videos are left out', () => {
    const split = splitWatches(data, { name: 'leave-one-out', minWatches: 3 }, 'left-out');
    expect(labels(split.test)).toEqual(['a:v4']);
    expect(split.rewatchCount).toBe(1);
  });

  it('says what is missing', () => {
    expect(() => splitWatches(data, { name: 'leave-one-out', minWatches: 9 }, 'left-out')).toThrow(
      'leaves no watch for training',
    );
  });
});

describe('the temporal split', () => {
  const protocol = { name: 'temporal', testDays: 1, queriesPerUser: 2 } as const;
  const data = dataOf({
    a: [
      ['v1', 0],
      ['v2', 5],
      ['v3', 8.1],
      ['v4', 9.1],
      ['v5', 9.2],
      ['v6', 9.3],
    ],
    b: [
      ['v1', 1],
      ['v2', 9.9],
    ],
  });

  it('tests on the last day, validates on as long before it, and asks about the first watches of each user', () => {
    const split = splitWatches(data, protocol, 'left-out');
    expect(labels(split.test)).toEqual(['a:v4', 'a:v5', 'b:v2']);
    expect(labels(split.validation)).toEqual(['a:v3']);
    expect(split.training.map(({ labelVideoId }) => labelVideoId)).toEqual(['v1', 'v2', 'v1']);
    expect(split.test[1].earlierVideoIds).toEqual(['v1', 'v2', 'v3', 'v4']);
  });

  it('begins where it is told to', () => {
    const split = splitWatches(data, { ...protocol, testFromMs: 9.25 * DAY_MS }, 'left-out');
    expect(labels(split.test)).toEqual(['a:v6', 'b:v2']);
    expect(labels(split.validation)).toEqual(['a:v4', 'a:v5']);
  });

  it('needs times', () => {
    expect(() => splitWatches({ ...data, timed: false }, protocol, 'left-out')).toThrow('--protocol leave-one-out');
  });

  it('never trains on a watch at or after the first one that it tests on', () => {
    const split = splitWatches(data, protocol, 'left-out');
    const first = Math.min(...split.test.map(({ example }) => example.labelAtMs));
    const known = [...split.training, ...split.validationExamples];
    expect(known.every(({ labelAtMs }) => labelAtMs < first)).toBe(true);
  });
});

it('holds out the last days of the log, not a stray row that is dated by the clock of today', () => {
  const days = Object.fromEntries(
    Array.from({ length: 20 }, (_, user) => [
      `u${user}`,
      Array.from({ length: 10 }, (_, day): [string, number] => [`v${day}`, day + 0.6]),
    ]),
  );
  const protocol = { name: 'temporal', testDays: 2, queriesPerUser: 5 } as const;
  const split = splitWatches(dataOf(days), protocol, 'kept');
  const strayed = splitWatches(dataOf({ ...days, stray: [['v1', 5_000]] }), protocol, 'kept');
  expect(strayed).toEqual(split);
  expect(labels(split.test)).toHaveLength(20 * 2);
});

it('asks for a rewatch as serving lists it: of what the state no longer holds', () => {
  const watched = (days: number): [string, number][] => [
    ...Array.from({ length: days }, (_, day): [string, number] => [`v${day}`, day]),
    ['v0', days],
  ];
  const askedOf = (days: number, seen: Seen) =>
    labels(
      splitWatches(dataOf({ u: watched(days), w: watched(3) }), { name: 'leave-one-out', minWatches: 3 }, seen).test,
    );
  // The last asks for v0 once more, after as many watches as the state holds, or with one of them v0.
  expect(() => askedOf(50, 'served')).toThrow(EvaluationDataError);
  expect(askedOf(51, 'served')).toEqual(['u:v0']);
  expect(() => askedOf(51, 'left-out')).toThrow(EvaluationDataError);
  expect(askedOf(3, 'kept')).toEqual(['u:v0', 'w:v0']);
});

it('leaves out ever less: all that was seen, what serving knows of it, nothing', () => {
  const history = fc.array(
    fc.nat(60).map((video) => `v${video}`),
    { maxLength: 120 },
  );
  fc.assert(
    fc.property(history, (earlierVideoIds) => {
      const held = { earlierVideoIds } as unknown as HeldOut;
      const [all, served, kept] = (['left-out', 'served', 'kept'] as const).map((seen) => leftOutFor(held, seen));
      expect(all).toEqual(earlierVideoIds);
      expect(served).toEqual(all.slice(all.length - served.length));
      expect(served).toHaveLength(Math.min(all.length, 50));
      expect(kept).toEqual([]);
    }),
    { seed: 1 },
  );
});
