import { collectGarbage } from '@watchnext/threads';
import { IdsOfImpressions } from './ids-of-impressions';

describe('IdsOfImpressions', () => {
  it('give back ids that begin with their request and ids that do not, however many endings there are', () => {
    const ids = new IdsOfImpressions();
    const added = Array.from({ length: 140_000 }, (_, n) => ({
      requestId: `r${n % 3}`,
      position: n % 7 === 0 ? n : n % 10,
      impressionId: n % 10 === 0 ? `other-${n}` : n % 10 < 5 ? `r${n % 3}-${n % 10}` : `r${n % 3}-${n}`,
    }));
    for (const one of added) ids.add(one);
    added.push({ requestId: '', impressionId: '', position: 0 });
    ids.add(added.at(-1)!);
    expect(added.map(({ requestId }, row) => ids.at(row, requestId))).toEqual(
      added.map(({ impressionId }) => impressionId),
    );
  });

  it('keep no object for each id that does not begin with its request: a map of them would end at 2^24', () => {
    const ids = new IdsOfImpressions();
    const count = 100_000;
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < count; n++) ids.add({ requestId: 'r', position: n, impressionId: `an id of its own, ${n}` });
    collectGarbage();
    const bytesEach = (process.memoryUsage().heapUsed - before) / count;
    expect(ids.at(count - 1, 'r')).toBe(`an id of its own, ${count - 1}`);
    expect(bytesEach).toBeLessThan(10);
  });
});
