/**
 * What every driver of the event archive must do: give back what was written, each record once, in the order asked
 * for; account for every offset; and keep all that was acknowledged, whatever crashes.
 */
import type { EventArchive } from '@watchnext/event-archive';
import { ChildProgram } from '../../child-program';
import type { ArchiveProgramMessage } from '../processes/event-archive-program';
import { describeDamage } from './damage';
import { describeDays } from './days';
import { describeMerging } from './merging';
import { describeReading } from './reading';
import { describeRewriting } from './rewriting';
import { describeRuns } from './runs';
import { describeQuestions } from './sql';
import { type ArchiveSuite, type EventArchiveUnderTest, offsetsOf, readAll, TOPIC } from './support';
import { TEST_LIMIT_MS } from '../../test-limit';

export { archiveRecords, type EventArchiveUnderTest, readAll } from './support';

/** Declares the suite for a driver. */
export function describeEventArchive(driver: string, create: () => Promise<EventArchiveUnderTest>): void {
  describe(`event archive conformance: ${driver}`, () => {
    let under: EventArchiveUnderTest;
    let archive: EventArchive;
    const children: ChildProgram<ArchiveProgramMessage>[] = [];
    beforeEach(async () => {
      under = await create();
      archive = await under.open();
    }, TEST_LIMIT_MS);
    afterEach(async () => {
      await Promise.all(children.splice(0).map((child) => child.kill()));
      await under.dispose();
    }, TEST_LIMIT_MS);

    const suite: ArchiveSuite = {
      get under() {
        return under;
      },
      get archive() {
        return archive;
      },
      spec: (name, body) => it(name, body, TEST_LIMIT_MS),
      readOffsets: async (options = { order: 'offset' }) => offsetsOf(await readAll(archive, TOPIC, options)),
      daysOf: async () => (await under.files()).map((file) => /dt=(.{10})/.exec(file)?.[1]),
      startWriter: () => {
        const file = `${__dirname}/../processes/event-archive-program.ts`;
        const child = ChildProgram.start<ArchiveProgramMessage>(file, [under.module, under.location]);
        children.push(child);
        return child;
      },
    };
    describeReading(suite);
    describeRuns(suite);
    describeDays(suite);
    describeRewriting(suite);
    describeMerging(suite);
    describeQuestions(suite);
    describeDamage(suite);
  });
}
