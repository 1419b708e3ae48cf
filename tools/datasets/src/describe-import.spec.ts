import { describeImport } from './describe-import';
import { BadRows } from './read/bad-rows';

describe('what is said after an import', () => {
  const summary = { eventCount: 9, counts: {}, notes: ['lists were drawn', 'a column is not read'] };
  const badRows = new BadRows();
  badRows.add('log.csv', 7, 'no time');

  it('is its notes, then the rows left out, then the events refused', () => {
    const rejected = { count: 3, first: ['id-1: userId: is empty', 'id-2: too old'] };
    expect(describeImport({ summary, badRows, rejected })).toEqual([
      'lists were drawn',
      'a column is not read',
      'log.csv: 1 row left out\n  line 7: no time',
      '3 events were refused, as:\n  id-1: userId: is empty\n  id-2: too old',
    ]);
  });

  it('is nothing where there is nothing to say', () => {
    const nothing = { summary: { ...summary, notes: [] }, badRows: new BadRows(), rejected: { count: 0, first: [] } };
    expect(describeImport(nothing)).toEqual([]);
  });
});
