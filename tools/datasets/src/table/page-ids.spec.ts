import fc from 'fast-check';
import { DAY_MS } from '@watchnext/features';
import { MAPPING, T, TableFolder } from '../../test/table-folder';
import { pageIdsOf } from './page-ids';

let folder: TableFolder;
beforeEach(async () => (folder = await TableFolder.create()));
afterEach(() => folder.remove());

describe('pages and lists of impressions', () => {
  it('have ids of their own, whatever stands in those of users, requests and surfaces', () => {
    // Few characters, so that many are spelled the same when they are joined; some too long to be kept whole.
    const id = fc.string({ unit: fc.constantFrom('1', ':'), maxLength: 3 });
    const long = id.map((end) => `${'a:'.repeat(60)}${end}`);
    const shown = fc.record({
      userId: fc.oneof({ weight: 4, arbitrary: id }, long).filter((text) => text !== ''),
      request: fc.oneof({ weight: 4, arbitrary: id }, long),
      surface: id,
      atMs: fc.nat(30).map((day) => day * DAY_MS),
    });
    fc.assert(
      fc.property(fc.array(shown, { minLength: 2, maxLength: 60 }), (rows) => {
        const meantBy = new Map<string, string>();
        for (const { userId, request, surface, atMs } of rows) {
          const { pageId, listId } = pageIdsOf(userId, request, surface, atMs);
          const page = JSON.stringify([userId, request, request === '' ? atMs : 0]);
          const list = JSON.stringify([page, surface]);
          for (const [made, meant] of [
            [`page ${pageId}`, page],
            [`list ${listId}`, list],
            // A long list comes in several requests.
            [`list ${listId}:1`, `${list}, second part`],
          ]) {
            expect(meantBy.get(made) ?? meant).toBe(meant);
            meantBy.set(made, meant);
            expect(made.length).toBeLessThan(128);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('are of one user each, and of one moment', async () => {
    const parts = ['a', ':', 'a:', ':a', 'a:a', 'a:a:a', '::'];
    const pages = parts.flatMap((user) => parts.map((request) => ({ user, request })));
    const rows = pages.flatMap(({ user, request }, n) => {
      const atMs = T + n * 60_000;
      return [`${user},v${n},${atMs},9,1,${request}`, `${user},w${n},${atMs + 1},0,0,${request}`];
    });
    const log = await folder.write('log.csv', 'user,video,at,seconds,hit,req', ...rows);
    const mapping = { log: { ...MAPPING.log, clicked: 'hit', requestId: 'req' } };
    const { lists, watches } = await folder.read(log, mapping);
    expect(lists.map(({ userId, items }) => [userId, ...items.map(({ videoId }) => videoId)])).toEqual(
      pages.map(({ user }, n) => [user, `v${n}`, `w${n}`]),
    );
    expect(watches.map(({ impressionId }) => impressionId)).toEqual(lists.map(({ items }) => items[0].impressionId));
  });
});
