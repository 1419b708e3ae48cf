import { EventArchiveError } from '@watchnext/event-archive';
import { DatasetError } from '@watchnext/datasets';
import { NothingToReplayError } from '@watchnext/offline';
import { EvaluationDataError } from './data/watch-data';
import { EXIT_CODES, exitCode, UsageError } from './exit-codes';

describe('the exit code of a failure', () => {
  it('tells a command line from data, and both from anything else', () => {
    expect(exitCode(new UsageError('--only nope'), false)).toBe(2);
    const data = [
      new EvaluationDataError('nothing to learn from'),
      new DatasetError('no such folder'),
      new NothingToReplayError('an empty archive'),
      new EventArchiveError('damaged', 'archive-corrupt', false),
    ];
    expect(data.map((error) => exitCode(error, false))).toEqual([3, 3, 3, 3]);
    expect(exitCode(new Error('a fault'), false)).toBe(1);
  });

  it('is that of an interrupt whatever failed by it', () => {
    for (const error of [new Error('stopped'), new EvaluationDataError('a worker ended')])
      expect(exitCode(error, true)).toBe(EXIT_CODES.interrupted);
    expect(EXIT_CODES.interrupted).toBe(130);
  });
});
