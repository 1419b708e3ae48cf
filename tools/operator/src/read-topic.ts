import type { EventLog, LogRecord } from '@watchnext/event-log';

/** Every record that a topic holds now. */
export async function readTopic(log: EventLog, topic: string): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  let failure: Error | undefined;
  const tail = await log.tail(topic, {
    onRecords: async (batch) => void records.push(...batch),
    onError: (error) => (failure = error),
  });
  await tail.stop();
  if (failure && records.length === 0) throw failure;
  return records;
}
