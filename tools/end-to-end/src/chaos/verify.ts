import { TOPICS } from '@watchnext/contract';
import type { EventLog, LogRecord } from '@watchnext/event-log';
import type { FeatureStore } from '@watchnext/feature-store';
import { until } from '../local-system';
import type { Truth } from './truth';

/** Records of the activity topic that are not yet in the states. */
export async function materialiserLag(log: EventLog, store: FeatureStore): Promise<number> {
  const bounds = await log.bounds(TOPICS.activity);
  const marks = await Promise.all(bounds.map(({ partition }) => store.readMark(partition)));
  return bounds.reduce((lag, { endOffset }, index) => lag + endOffset - 1 - (marks[index]?.offset ?? -1), 0);
}

/** Resolves once every record is in the states; the check holds through restarts of either server. */
export async function drained(log: EventLog, store: FeatureStore, limitMs = 300_000): Promise<void> {
  await until('every record to be in the states', async () => (await materialiserLag(log, store)) === 0, limitMs);
}

export interface LogFindings {
  /** Acknowledged records that the log does not hold, at their offset and byte for byte. */
  readonly lostCount: number;
  /** Records that no one was told of: copies of batches whose answer was lost. */
  readonly unansweredCount: number;
}

/** Reads the whole topic and compares it with the list of acknowledged records. */
export async function compareLog(log: EventLog, truth: Truth): Promise<LogFindings> {
  const expected = Array.from({ length: truth.partitionCount }, (_, partition) => new Map(truth.recordsOf(partition)));
  let unansweredCount = 0;
  let alteredCount = 0;
  const onRecords = async (records: readonly LogRecord[]) => {
    for (const { partition, offset, key, value } of records) {
      const sent = expected[partition]?.get(offset);
      expected[partition]?.delete(offset);
      if (!sent) unansweredCount++;
      else if (sent.key !== key || Buffer.compare(sent.value, value) !== 0) alteredCount++;
    }
  };
  const tail = await log.tail(TOPICS.activity, { onRecords });
  await tail.stop();
  const missingCount = expected.reduce((sum, left) => sum + left.size, 0);
  return { lostCount: missingCount + alteredCount, unansweredCount };
}
