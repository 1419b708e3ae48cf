import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAY_MS } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { eventOf, impressionItemOf, impressionsServedOf } from '@watchnext/testing';
import { archiveOf, fileWith, START_MS } from '../test/archived-experiment';
import { readCoverage } from './coverage';
import { createExposureTables } from './exposure-tables';

describe('coverage', () => {
  it('is that of the whole time for a large variant as for a small one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'watchnext-coverage-'));
    const random = createRandom(3);
    const [lists, days] = [4_000, 10];
    const archive = await archiveOf(
      folder,
      Array.from({ length: lists }, (_, n) => {
        const atMs = START_MS + Math.floor((n / lists) * days * DAY_MS);
        const day = Math.floor((n / lists) * days);
        // Requests are named by their time. Either variant shows what is new today, drawn evenly.
        const requestId = `r${String(n).padStart(6, '0')}`;
        const items = [0, 1, 2, 3].map((position) =>
          impressionItemOf(`day ${day} video ${random.nextInt(40)}`, {
            impressionId: `${requestId}-${position}`,
            position,
          }),
        );
        const variantId = random.next() < 0.9 ? 'control' : 'treatment';
        const assignments = [{ experimentId: 'better', variantId, overridden: false }];
        const userId = `u${n}`;
        return { key: userId, event: eventOf(impressionsServedOf(userId, items, { requestId, assignments }), atMs) };
      }),
    );
    const [experiment] = fileWith({
      variants: [
        { name: 'control', share: 0.9 },
        { name: 'treatment', share: 0.1 },
      ],
    }).experiments;
    const untilMs = START_MS + days * DAY_MS;
    const [, coverage] = await archive.analyse('watchnext.activity.v1', {}, async (table) => {
      await createExposureTables(table, { experiment, startMs: START_MS, endMs: untilMs, covariateDays: 0 });
      return readCoverage(table, experiment, untilMs);
    });
    await archive.close();
    rmSync(folder, { recursive: true });
    expect(coverage!.listsEach).toBeGreaterThan(100);
    expect(Math.abs(coverage!.lift)).toBeLessThan(0.05);
    expect(coverage!.interval.low).toBeLessThan(0);
    expect(coverage!.interval.high).toBeGreaterThan(0);
  });
});
