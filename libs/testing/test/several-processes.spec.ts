import { openEmbeddedEventLog, partitionOf, type EventLog, type NewRecord } from '@watchnext/event-log';
import { openEmbeddedFeatureStore, type FeatureStore } from '@watchnext/feature-store';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChildProgram, CollectingTail, eventually, temporaryDirectory } from '../src';
import type { AppenderMessage } from './processes/appender';
import type { CounterMessage } from './processes/counter';
import { CountingHandler } from './processes/counting-handler';

const TOPIC = 'spec.activity.v1';
const PARTITIONS = 4;
const program = (name: string) => join(__dirname, 'processes', `${name}.ts`);

describe('the embedded drivers with several processes', () => {
  let directory: { path: string; remove(): Promise<void> };
  let log: EventLog;
  let store: FeatureStore;
  const children: ChildProgram<never>[] = [];
  const paths = () => [join(directory.path, 'log'), join(directory.path, 'store')];

  const start = <Message extends { kind: string }>(name: string, args: string[]): ChildProgram<Message> => {
    const child = ChildProgram.start<Message>(program(name), args);
    children.push(child as unknown as ChildProgram<never>);
    return child;
  };
  const records = (count: number): NewRecord[] =>
    Array.from({ length: count }, (_, i) => ({ key: `user-${i % 40}`, value: Buffer.from(String(i)) }));

  const counted = async (): Promise<Map<string, number>> => {
    const counts = new Map<string, number>();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const userIds = await store.listUserIds(partition, { limit: 1_000 });
      for (const [userId, state] of await store.readMany(partition, userIds)) {
        counts.set(userId, Number(Buffer.from(state).toString()));
      }
    }
    return counts;
  };
  const folded = async () => {
    const ends = await log.bounds(TOPIC);
    const marks = await Promise.all(ends.map(({ partition }) => store.readMark(partition)));
    expect(marks.map((mark) => (mark?.offset ?? -1) + 1)).toEqual(ends.map(({ endOffset }) => endOffset));
  };

  beforeEach(async () => {
    directory = await temporaryDirectory('processes');
    const [logPath, storePath] = paths() as [string, string];
    log = openEmbeddedEventLog(logPath);
    store = openEmbeddedFeatureStore(storePath);
    await log.ensureTopics([{ name: TOPIC, partitionCount: PARTITIONS }]);
  });
  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => child.kill()));
    await Promise.all([log.close(), store.close()]);
    await directory.remove();
  });

  it('count every record once when a consumer is killed in the middle, and its partitions move on', async () => {
    await log.append(TOPIC, records(1_000));
    const victim = start<CounterMessage>('counter', [...paths(), TOPIC, 'free']);
    const survivor = start<CounterMessage>('counter', [...paths(), TOPIC, 'free']);
    await Promise.all([victim.has('joined'), survivor.has('joined')]);
    let [appended, isKilled] = [1_000, false];
    // Goes on until the victim is gone: whoever joined first may have folded all that was there before the other had a partition.
    const appending = (async () => {
      for (let after = 0; after < 10; after += isKilled ? 1 : 0) {
        await log.append(TOPIC, records(80));
        appended += 80;
        await sleep(10);
      }
    })();
    try {
      await victim.has('committed');
      await victim.kill();
    } finally {
      isKilled = true;
      await appending;
    }
    await eventually(folded);
    const counts = await counted();
    expect(counts.size).toBe(40);
    expect([...new Set(counts.values())]).toEqual([appended / 40]);
    const partitionsOfSurvivor = new Set(survivor.ofKind('committed').map(({ partition }) => partition));
    expect(partitionsOfSurvivor.size).toBe(PARTITIONS);
  });

  it('refuse the commit of a consumer that slept while another took its partition', async () => {
    await log.append(TOPIC, [{ key: 'anna', value: Buffer.from('1') }]);
    const partition = partitionOf('anna', PARTITIONS);
    const sleeper = start<CounterMessage>('counter', [...paths(), TOPIC, 'hold']);
    expect(await sleeper.has('holding')).toEqual({ kind: 'holding', partition });

    await putToSleep(sleeper);
    const group = await log.joinGroup({ topic: TOPIC, groupId: 'counters' }, new CountingHandler(store, TOPIC));
    await eventually(folded);
    await eventually(() => expect(group.assignedPartitions()).toHaveLength(PARTITIONS));
    sleeper.process.kill('SIGCONT');
    sleeper.send({ kind: 'go on' });

    expect(await sleeper.has('error')).toEqual({ kind: 'error', code: 'mark-conflict' });
    expect(await counted()).toEqual(new Map([['anna', 1]]));
    expect(sleeper.ofKind('committed')).toEqual([]);
  });

  it('keep what was acknowledged, in order and once, when a writer is killed in the middle', async () => {
    const writers = ['first', 'second'].map((name) =>
      start<AppenderMessage>('appender', [join(directory.path, 'log'), TOPIC, name]),
    );
    const acknowledged: number[] = [];
    for (const writer of writers) {
      await eventually(() => expect(writer.messages.length).toBeGreaterThan(10));
      await writer.kill();
      acknowledged.push(writer.messages.at(-1)?.to ?? 0);
      await log.append(TOPIC, [{ key: 'still-open', value: Buffer.from('yes') }]);
    }
    const tail = new CollectingTail();
    await log.tail(TOPIC, tail);
    ['first', 'second'].forEach((name, i) => {
      const own = tail.texts().filter((text) => text.startsWith(`${name}:`));
      expect(own.length).toBeGreaterThanOrEqual(acknowledged[i] as number);
      expect(own.length % 20).toBe(0);
      expect(own).toEqual(own.map((_, n) => `${name}:${n}`));
    });
  });

  /** Stops a process outside of LMDB's write lock: inside, it would hold up everyone, as a stopped process may. */
  async function putToSleep(child: ChildProgram<CounterMessage>): Promise<void> {
    for (;;) {
      child.process.kill('SIGSTOP');
      const written = log.ensureTopics([{ name: `probe-${Date.now()}.v1`, partitionCount: 1 }]).then(() => true);
      const free = await Promise.race([written, sleep(1_000, false)]);
      if (free) return;
      child.process.kill('SIGCONT');
      await written;
    }
  }
});
