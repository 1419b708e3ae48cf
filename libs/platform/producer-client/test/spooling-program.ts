/** Sends events without end to a collector that is away, and tells how many are in the spool, until it is killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ProducerClient, searchEvent } from '../src';

export type SpoolingMessage = { kind: 'spooled'; eventCount: number };

const [, , url, spoolDirectory] = process.argv as [string, string, string, string];

async function main(): Promise<void> {
  const client = new ProducerClient({
    url,
    spoolDirectory,
    producer: 'spec',
    lingerMs: 1,
    retryBaseMs: 1,
    retryCapMs: 5,
    spoolAfterFailures: 1,
  });
  for (let n = 0; ; n++) {
    await client.send(searchEvent({ userId: 'anna', query: `query ${n}` }));
    if (n % 20 === 0) await sleep(2);
    const eventCount = client.statistics().spooledEvents;
    if (eventCount > 0 && n % 50 === 0) process.send?.({ kind: 'spooled', eventCount } satisfies SpoolingMessage);
  }
}

process.on('disconnect', () => process.exit(0));
void main();
