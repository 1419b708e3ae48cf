/** Appends without end and tells what was acknowledged, until it is killed. */
import { openEmbeddedEventLog } from '@watchnext/event-log';

export type AppenderMessage = { kind: 'acknowledged'; from: number; to: number };

const [, , directory, topic, name] = process.argv as [string, string, string, string, string];

async function main(): Promise<void> {
  const log = openEmbeddedEventLog(directory);
  for (let from = 0; ; from += 20) {
    const values = Array.from({ length: 20 }, (_, i) => `${name}:${from + i}`);
    await log.append(
      topic,
      values.map((value) => ({ key: name, value: Buffer.from(value) })),
    );
    process.send?.({ kind: 'acknowledged', from, to: from + 20 } satisfies AppenderMessage);
  }
}

process.on('disconnect', () => process.exit(0));
void main();
