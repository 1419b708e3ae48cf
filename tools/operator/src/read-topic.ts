import type { EventLog, LogRecord } from '@watchnext/event-log';

/** Every record that a topic holds now. `tail` gives what failed again, so its errors need no answer here. */
export async function readTopic(log: EventLog, topic: string): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  // A group that is made and left at once for an empty topic would be waste.
  if ((await log.bounds(topic)).every(({ firstOffset, endOffset }) => firstOffset === endOffset)) return records;
  const tail = await log.tail(topic, { onRecords: async (batch) => void records.push(...batch) });
  await tail.stop();
  return records;
}
