/**
 * What every driver of the event log must do. Nothing here counts on seeing another handle's write at once, on a
 * moment of rebalancing, or on how records are cut into batches: only on their bounds, `maxBatchRecords` and MAX_READ_BYTES.
 */
import type { EventLog } from '@watchnext/event-log';
import { TEST_LIMIT_MS } from '../../test-limit';
import { describeAppend } from './append';
import { describeCompacted } from './compacted';
import { describeGroup } from './group';
import { CollectingTail, FoldingHandler } from './handlers';
import {
  COMPACTED,
  type EventLogConformanceOptions,
  type EventLogSuite,
  type EventLogUnderTest,
  numbered,
  record,
  TOPIC,
} from './support';
import { describeTail } from './tail';
import { describeTopics } from './topics';

export type { EventLogConformanceOptions, EventLogUnderTest } from './support';

/** Declares the suite for a driver. */
export function describeEventLog(
  driver: string,
  create: () => Promise<EventLogUnderTest>,
  options: EventLogConformanceOptions,
): void {
  describe(`event log conformance: ${driver}`, () => {
    let store: EventLogUnderTest;
    let log: EventLog;
    beforeEach(async () => {
      store = await create();
      log = await store.open();
      await log.ensureTopics([TOPIC, COMPACTED]);
    }, TEST_LIMIT_MS);
    afterEach(() => store.dispose(), TEST_LIMIT_MS);

    const spec: EventLogSuite['spec'] = (name, body) => it(name, () => body({ store, log }), TEST_LIMIT_MS);
    const suite = { options, spec };
    describeTopics(suite);
    describeAppend(suite);
    describeGroup(suite);
    describeTail(suite);
    describeCompacted(suite);

    spec('is there again after all handles were closed', async ({ log, store }) => {
      await log.append(TOPIC.name, numbered(20));
      await log.close();
      const reopened = await store.open();
      const tail = new CollectingTail();
      await reopened.tail(TOPIC.name, tail);
      expect(tail.records).toHaveLength(20);
    });

    spec('stops its subscriptions when closed', async ({ store }) => {
      const handler = new FoldingHandler();
      const handle = await store.open();
      const subscription = await handle.joinGroup({ topic: TOPIC.name, groupId: 'closing' }, handler);
      await handle.close();
      expect(subscription.assignedPartitions()).toEqual([]);
      await expect(handle.append(TOPIC.name, [record('k', 'v')])).rejects.toMatchObject({ code: 'closed' });
    });
  });
}
