import { IdsOfImpressions } from './ids-of-impressions';

describe('IdsOfImpressions', () => {
  it('give back ids that begin with their request and ids that do not, however many endings there are', () => {
    const ids = new IdsOfImpressions();
    const added = Array.from({ length: 140_000 }, (_, n) => ({
      requestId: `r${n % 3}`,
      impressionId: n % 10 === 0 ? `other-${n}` : n % 10 < 5 ? `r${n % 3}-${n % 10}` : `r${n % 3}-${n}`,
    }));
    for (const one of added) ids.add(one);
    added.push({ requestId: '', impressionId: '' });
    ids.add(added.at(-1)!);
    expect(added.map(({ requestId }, row) => ids.at(row, requestId))).toEqual(
      added.map(({ impressionId }) => impressionId),
    );
  });
});
