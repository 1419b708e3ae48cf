import type { EventLog, LogRecord } from '@watchnext/event-log';

/** Gives every record that a topic holds now, and keeps none. `tail` gives what failed again, so its errors need no answer here. */
export async function readTopic(log: EventLog, topic: string, use: (record: LogRecord) => void): Promise<void> {
  // A group that is made and left at once for an empty topic would be waste.
  if ((await log.bounds(topic)).every(({ firstOffset, endOffset }) => firstOffset === endOffset)) return;
  let failure: { readonly error: unknown } | undefined;
  const tail = await log.tail(topic, {
    onRecords: async (records) => {
      if (failure) return;
      try {
        for (const record of records) use(record);
      } catch (error) {
        // The tail would give the batch again, those in it that were used as well.
        failure = { error };
      }
    },
  });
  await tail.stop();
  if (failure) throw failure.error;
}
