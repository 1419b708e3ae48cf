import { SnapshotCorruptError, SnapshotDiskError, SnapshotStoreUnavailableError } from './port';
import { SnapshotRefusals } from './snapshot-refusals';

describe('a refused snapshot', () => {
  let refusals: SnapshotRefusals;
  beforeEach(() => {
    jest.useFakeTimers();
    refusals = new SnapshotRefusals(2_000);
  });
  afterEach(() => jest.useRealTimers());

  /** Milliseconds until it may be tried again. */
  const waited = () => {
    let waitedMs = 0;
    for (; !refusals.mayTry('b'); waitedMs += 500) jest.advanceTimersByTime(500);
    return waitedMs;
  };

  it.each([
    ['that does not load', new Error('the wrong shape'), [4_000, 8_000, 16_000]],
    ['for which the disk here has no room', new SnapshotDiskError('full'), [4_000, 8_000, 16_000]],
    ['whose store is away', new SnapshotStoreUnavailableError('down'), [0, 0, 0]],
    ['that came spoilt', new SnapshotCorruptError('b', 'model', 'a flipped bit'), [0, 0, 0]],
  ])('%s is tried again in time', (_, error, waits) => {
    expect(
      waits.map(() => {
        refusals.add('b', error);
        return waited();
      }),
    ).toEqual(waits);
  });

  it.each([-3_600_000, 3_600_000])('is tried again no sooner or later because the clock is set by %s ms', (stepMs) => {
    refusals.add('b', new Error('the wrong shape'));
    jest.setSystemTime(Date.now() + stepMs);
    expect(waited()).toBe(4_000);
  });

  it('is forgotten once nobody wants it', () => {
    expect([refusals.add('b', new Error('no')), refusals.add('b', new Error('no'))]).toEqual([1, 2]);
    refusals.keepOnly(['b']);
    expect(refusals.mayTry('b')).toBe(false);
    refusals.keepOnly(['c']);
    expect([refusals.mayTry('b'), refusals.add('b', new Error('no'))]).toEqual([true, 1]);
  });
});
