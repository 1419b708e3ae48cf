import { Event, TOPICS } from '@watchnext/contract';
import { openParquetArchive } from '@watchnext/event-archive';
import { type ChildProgram, eventOf, eventually, temporaryDirectory, watchOf } from '@watchnext/testing';
import { join } from 'node:path';
import { allRecords, foldedOnce, openStores, type Ready, sorted, startMain, storedStates } from './harness';

describe('ingestion, killed with -9 in the middle of work', () => {
  it('loses no event that it accepted and applies none twice', async () => {
    const directory = await temporaryDirectory('ingestion-killed');
    const programs: ChildProgram<Ready>[] = [];
    try {
      const now = Date.now();
      const events = Array.from({ length: 3_000 }, (_, i) =>
        eventOf(watchOf(`user-${i % 50}`, `v${i % 300}`, { playbackId: `p${i}` }), now + i),
      );
      let running = await startMain(directory.path);
      programs.push(running.program);
      // As a producer does: a batch is sent again until it was answered.
      for (let from = 0; from < events.length; from += 100) {
        if (from === 1_500) {
          const victim = running.program;
          // In the middle of a request, and of whatever the consumers are at.
          setTimeout(() => void victim.kill(), 3);
        }
        const body = JSON.stringify({ events: events.slice(from, from + 100).map((event) => Event.toJSON(event)) });
        for (;;) {
          const answer = await fetch(`${running.url}/v1/events`, {
            method: 'POST',
            body,
            headers: { 'content-type': 'application/json' },
          })
            .then((response) => response.json() as Promise<{ accepted: number }>)
            .catch(() => undefined);
          if (answer) {
            expect(answer.accepted).toBe(100);
            break;
          }
          await running.program.kill();
          running = await startMain(directory.path);
          programs.push(running.program);
        }
      }
      await eventually(async () => {
        const lag = await (await fetch(`${running.url}/v1/lag`)).json();
        expect(lag).toMatchObject({ materialised: 0, archived: 0 });
      });
      expect(programs.length).toBeGreaterThan(1);
      expect(await running.program.kill('SIGTERM')).toBe(0);

      const stores = await openStores(directory.path);
      const archive = openParquetArchive(join(directory.path, 'archive'));
      const logged = await allRecords(stores.log, TOPICS.activity);
      expect(sorted(await storedStates(stores.store))).toEqual(sorted(foldedOnce(events)));
      expect(new Set(logged.map(({ value }) => Event.decode(value).eventId))).toEqual(
        new Set(events.map(({ eventId }) => eventId)),
      );
      const archived: string[] = [];
      for await (const run of archive.read(TOPICS.activity, { order: 'offset' })) {
        archived.push(...run.map(({ partition, offset }) => `${partition}:${offset}`));
      }
      expect(archived.sort()).toEqual(logged.map(({ partition, offset }) => `${partition}:${offset}`).sort());
      await Promise.all([stores.dispose(), archive.close()]);
    } finally {
      await Promise.all(programs.map((program) => program.kill()));
      await directory.remove();
    }
  }, 120_000);
});
