/** Archives runs without end from where the archive ends, telling of each, until it is killed. */
import { TOPICS } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import { archiveRecords } from '../event-archive';

export type ArchiveProgramMessage = { kind: 'acknowledged'; nextOffset: number };

const [, , modulePath, location] = process.argv as [string, string, string, string];
const RUN_LENGTH = 500;

async function main(): Promise<void> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- The driver is the spec's choice.
  const driver = require(modulePath) as { open(location: string): Promise<EventArchive> };
  const archive = await driver.open(location);
  for (;;) {
    const from = (await archive.nextOffset(TOPICS.activity, 0)) ?? 0;
    await archive.write(TOPICS.activity, 0, archiveRecords(from, RUN_LENGTH));
    process.send?.({ kind: 'acknowledged', nextOffset: from + RUN_LENGTH } satisfies ArchiveProgramMessage);
  }
}

process.on('disconnect', () => process.exit(0));
main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
