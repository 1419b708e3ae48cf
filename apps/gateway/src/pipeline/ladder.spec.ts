import { Rung } from '@watchnext/contract';
import type { StageFailure } from './failure';
import { decideRung, isWhole, rungName } from './ladder';

const failure = (stage: string): StageFailure => ({
  stage,
  category: 'dependency-unreachable',
  message: `${stage} is down`,
  cause: undefined,
});

describe('the degradation ladder', () => {
  it.each([
    [[], Rung.FULL],
    [['rank'], Rung.RETRIEVAL_ORDER],
    [['retrieve'], Rung.SNAPSHOT_POPULAR],
    [['retrieve', 'rank'], Rung.MEMORY_POPULAR],
    [['read-state'], Rung.SNAPSHOT_POPULAR],
    [['read-state', 'rank'], Rung.MEMORY_POPULAR],
    [['log-impressions'], Rung.FULL],
    [['explain'], Rung.FULL],
  ])('after failures of %j stands on rung %s', (stages, rung) => {
    expect(decideRung(stages.map(failure), true).rung).toBe(rung);
  });

  it('does not claim that something was ranked where there was nothing to rank', () => {
    expect(decideRung([failure('retrieve')], false).rung).toBe(Rung.MEMORY_POPULAR);
    expect(decideRung([], false).rung).toBe(Rung.FULL);
  });

  it('names every failure that cost a rung, and no other', () => {
    expect(decideRung([failure('retrieve'), failure('rank'), failure('log-impressions')], false).reason).toBe(
      'retrieve is down; rank is down',
    );
    expect(decideRung([failure('log-impressions')], false).reason).toBe('');
  });

  it('says who must act on the first failure that cost a rung', () => {
    const late: StageFailure = { ...failure('rank'), category: 'dependency-late' };
    expect(decideRung([failure('log-impressions'), late, failure('explain')], false).category).toBe('dependency-late');
    expect(decideRung([failure('retrieve'), late], false).category).toBe('dependency-unreachable');
    expect(decideRung([failure('log-impressions')], true).category).toBe('');
  });

  it('is whole where nothing failed but what an experiment chose to go without', () => {
    const chosen: StageFailure = { ...failure('rank'), category: 'chosen' };
    const whole = (...failures: StageFailure[]) => isWhole(decideRung(failures, true));
    expect([whole(), whole(chosen), whole(failure('log-impressions'))]).toEqual([true, true, true]);
    expect([whole(failure('rank')), whole(chosen, failure('retrieve'))]).toEqual([false, false]);
    expect(decideRung([chosen, failure('retrieve')], true).category).toBe('dependency-unreachable');
  });

  it('has a name for each rung and none for what is not on the ladder', () => {
    expect(rungName(Rung.SNAPSHOT_POPULAR)).toBe('snapshot-popular');
    expect(() => rungName(Rung.UNSPECIFIED)).toThrow(RangeError);
  });
});
