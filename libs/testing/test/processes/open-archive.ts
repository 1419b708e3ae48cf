/** Opens an archive, writes into it, and waits to be killed. Argument: its folder. */
import { TOPICS } from '@watchnext/contract';
import { openParquetArchive } from '@watchnext/event-archive';

async function main(): Promise<void> {
  const archive = openParquetArchive(process.argv[2] as string);
  const place = { topic: TOPICS.activity, partition: 0, offset: 0, timestampMs: Date.now() };
  await archive.write(TOPICS.activity, 0, [{ ...place, key: 'anna', value: Buffer.from('no event') }]);
  process.send?.({ kind: 'open' });
  setInterval(() => undefined, 60_000);
}

void main();
