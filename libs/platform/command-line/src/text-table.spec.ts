import { alignColumns, percent, textTable } from './text-table';

describe('a table of text', () => {
  const lines = [
    ['name', 'count', 'note'],
    ['long name', '1', ''],
    ['b', '1,000', 'a word'],
  ];

  it('has names to the left and numbers to the right, and nothing behind the last cell', () => {
    expect(alignColumns(lines).split('\n')).toEqual([
      'name       count    note',
      'long name      1',
      'b          1,000  a word',
    ]);
  });

  it('has as many columns to the left as are asked for', () => {
    expect(alignColumns(lines, 3).split('\n')).toEqual([
      'name       count  note',
      'long name  1',
      'b          1,000  a word',
    ]);
  });

  it('has a rule below its header where that is asked for', () => {
    expect(alignColumns(lines, 1, { underlined: true }).split('\n').slice(0, 3)).toEqual([
      'name       count    note',
      '---------  -----  ------',
      'long name      1',
    ]);
  });

  it('is indented below a sentence', () => {
    expect(textTable(['a', 'b'], [['c', '10']])).toBe('  a   b\n  c  10');
  });
});

it('a share is told in percent', () => {
  expect([percent(0.1234), percent(0.1234, 0), percent(-1)]).toEqual(['12.3%', '12%', '-100.0%']);
});
