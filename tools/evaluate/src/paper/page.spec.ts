import { OPTIONS_PAGE } from '../options/command';
import { defaultMarkdown } from './page';
import type { PaperReport } from './report';

describe('the page that nobody named a file for', () => {
  const { parts, logs } = OPTIONS_PAGE;
  const fileOf = (
    paper: { finished?: boolean; logCount?: number; commit?: string },
    asked: { only?: string[]; seeds?: number[] },
    commit = 'c0ffee',
  ) => {
    const { finished = true, logCount = logs.length, commit: trainedBy = 'c0ffee' } = paper;
    const log = { findings: [{ commits: ['f00d', trainedBy] }] };
    const report = { finished, logs: Array.from({ length: logCount }, () => log) } as unknown as PaperReport;
    return defaultMarkdown(OPTIONS_PAGE, report, { only: parts, seeds: [1, 2, 3], work: 'kept', ...asked }, commit);
  };

  it('is the one that the project keeps where all of it was asked for and is there', () => {
    expect(fileOf({}, {})).toBe('docs/candidate-options.md');
    expect(fileOf({}, { only: [...parts].reverse() })).toBe('docs/candidate-options.md');
  });

  it.each([
    ['some trainings are left', fileOf({ finished: false }, {})],
    ['a log is missing', fileOf({ logCount: 2 }, {})],
    ['some parts were asked for', fileOf({}, { only: parts.slice(1) })],
    ['one seed was', fileOf({}, { seeds: [1] })],
    ['other seeds were', fileOf({}, { seeds: [4, 5, 6] })],
    ['some training was of code in no commit', fileOf({ commit: 'f00d+changes' }, {})],
    ['it is put together by such code', fileOf({}, {}, 'c0ffee+changes')],
  ])('lies beside the trainings where %s', (_, file) => {
    expect(file).toBe('kept/candidate-options.md');
  });
});
