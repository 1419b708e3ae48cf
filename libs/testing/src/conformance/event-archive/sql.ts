/** Questions by SQL over what is archived. */
import { Event } from '@watchnext/contract';
import { DAY_MS } from '@watchnext/features';
import { eventOf, impressionItemOf, impressionsServedOf } from '../../builders';
import { type ArchiveSuite, archiveRecords, NOON_MS, TOPIC } from './support';

export function describeQuestions(suite: ArchiveSuite): void {
  suite.spec('answers questions by SQL over all records, each once, and of an empty topic none', async () => {
    const count = `SELECT count(*)::DOUBLE AS "count", count(DISTINCT video_id)::DOUBLE AS videos FROM events`;
    const asked = (fromDay?: string) =>
      suite.archive.analyse(TOPIC, fromDay === undefined ? {} : { fromDay }, (table) => table.rows(count));
    expect(await asked()).toEqual([{ count: 0, videos: 0 }]);
    await suite.archive.write(TOPIC, 0, archiveRecords(0, 30));
    await suite.archive.write(TOPIC, 0, archiveRecords(20, 30));
    await suite.archive.write(TOPIC, 1, archiveRecords(0, 30, { partition: 1, atMs: NOON_MS + DAY_MS }));
    expect(await asked()).toEqual([{ count: 80, videos: 33 }]);
    expect(await asked(new Date(NOON_MS + DAY_MS).toISOString().slice(0, 10))).toEqual([{ count: 30, videos: 20 }]);
    const kept = await suite.archive.analyse(TOPIC, {}, async (table) => {
      await table.run(`CREATE TEMP TABLE watches AS SELECT * FROM events WHERE kind = 'watch'`);
      return table.rows('SELECT count(*)::DOUBLE AS "count" FROM watches');
    });
    expect(kept).toEqual([{ count: 53 }]);
    const failing = suite.archive.analyse(TOPIC, {}, async (table) => table.rows('SELECT nothing FROM events'));
    await expect(failing).rejects.toThrow(/nothing/);
  });

  suite.spec('has the columns of a list: its place in experiments, size, rung and latency', async () => {
    const body = impressionsServedOf('ada', [impressionItemOf('v1'), impressionItemOf('v2')], {
      rung: 2,
      latencyMs: 17,
      context: {
        requestedAtMs: NOON_MS,
        surface: 'home',
        country: 'SE',
        device: 'tv',
        loggedIn: true,
        seedVideoId: '',
      },
      assignments: [
        { experimentId: 'one', variantId: 'a', overridden: false },
        { experimentId: 'two', variantId: 'b', overridden: true },
      ],
      exploredPlaces: [{ position: 0, options: [] }],
    });
    const value = Event.encode(eventOf(body, NOON_MS)).finish();
    await suite.archive.write(TOPIC, 0, [
      { topic: TOPIC, partition: 0, offset: 0, timestampMs: NOON_MS, key: 'ada', value },
      ...archiveRecords(1, 1),
    ]);
    const rows = await suite.archive.analyse(TOPIC, {}, (table) =>
      table.rows(
        'SELECT country, device, assignments, explored, item_count, rung, latency_ms FROM events ORDER BY "offset"',
      ),
    );
    expect(rows).toEqual([
      {
        country: 'SE',
        device: 'tv',
        assignments: 'one=a;two=!b',
        explored: true,
        item_count: 2,
        rung: 2,
        latency_ms: 17,
      },
      {
        country: null,
        device: null,
        assignments: null,
        explored: null,
        item_count: null,
        rung: null,
        latency_ms: null,
      },
    ]);
  });
}
