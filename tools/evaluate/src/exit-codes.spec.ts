import { EventArchiveError } from '@watchnext/event-archive';
import { DatasetError } from '@watchnext/datasets';
import { NothingToReplayError } from '@watchnext/offline';
import { EvaluationDataError } from './data/watch-data';
import { exitCode, UsageError } from './exit-codes';

describe('the exit code of a failure', () => {
  it('tells a command line from data, and both from anything else', () => {
    expect(exitCode(new UsageError('--only nope'))).toBe(2);
    const data = [
      new EvaluationDataError('nothing to learn from'),
      new DatasetError('no such folder'),
      new NothingToReplayError('an empty archive'),
      new EventArchiveError('damaged', 'archive-corrupt', false),
    ];
    expect(data.map((error) => exitCode(error))).toEqual([3, 3, 3, 3]);
    expect(exitCode(new Error('a fault'))).toBe(1);
  });
});
