import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DeadLetter, Event, TOPICS } from '@watchnext/contract';
import type { LogRecord, NewRecord } from '@watchnext/event-log';
import { DAY_MS } from '@watchnext/features';
import { eventOf, searchOf, videoFactsOf, watchOf } from '@watchnext/testing';
import {
  collectLetters,
  forEachLetter,
  ImpossibleFilterError,
  type LetterFilter,
  replayLetters,
  TooManyLettersError,
} from '../src/letters';
import { readTopic } from '../src/read-topic';
import { openWorld, PARTITIONS, type OperatorWorld } from './harness';

const AT_MS = Date.now() - 10_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('dead letters', () => {
  let world: OperatorWorld;
  const fresh = eventOf(searchOf('anna', 'fresh'), AT_MS);
  const old = eventOf(searchOf('ben', 'old'), AT_MS - 2 * DAY_MS, { receivedAtMs: AT_MS });

  /** What the log had before: the letters' records are among them. */
  const earlier = Array.from({ length: 10 }, (_, i) => eventOf(searchOf('anna', `earlier ${i}`), AT_MS));

  beforeEach(async () => {
    world = await openWorld();
    await world.append(earlier);
  });
  afterEach(() => world.dispose());

  const letterOf = (value: Uint8Array, code: string, key: string, overrides: Partial<DeadLetter> = {}) => {
    const letter = DeadLetter.fromPartial({
      topic: TOPICS.activity,
      partition: 1,
      offset: 7,
      key: Buffer.from(key),
      value: Buffer.from(value),
      code,
      error: `because it is ${code}`,
      deadAtMs: AT_MS,
      ...overrides,
    });
    return { key, value: DeadLetter.encode(letter).finish() };
  };
  const bury = (...letter: Parameters<typeof letterOf>) => world.log.append(TOPICS.deadLetters, [letterOf(...letter)]);
  const bytesOf = (event: Event) => Event.encode(event).finish();
  const buryAll = async () => {
    await bury(bytesOf(fresh), 'invalid-field', 'anna');
    await bury(bytesOf(old), 'too-old', 'ben', { deadAtMs: AT_MS + 1_000 });
    await bury(Uint8Array.of(0xff, 0xff), 'undecodable', 'carl', { partition: 0 });
  };
  const lettersOf = async (filter: LetterFilter = {}) => (await collectLetters(world.log, PARTITIONS, filter)).letters;
  const recordsOf = async (topic: string) => {
    const records: LogRecord[] = [];
    await readTopic(world.log, topic, (record) => records.push(record));
    return records;
  };
  const activity = async () => {
    const events = (await recordsOf(TOPICS.activity)).map(({ value }) => Event.decode(value));
    return events.filter(({ eventId }) => !earlier.some((each) => each.eventId === eventId));
  };

  it.each<[string, LetterFilter]>([
    ['--code: there is no nonsense; there are undecodable, ', { codes: ['too-old', 'nonsense'] }],
    ['--topic: letters come from watchnext.activity.v1', { topic: 'nonsense' }],
    ['--partition: there are partitions 0 to 1', { partition: 2 }],
    ['--since: it is not before --until', { sinceMs: AT_MS, untilMs: AT_MS }],
  ])('refuse what no letter can match: %s', async (message, filter) => {
    await buryAll();
    await expect(lettersOf(filter)).rejects.toThrow(ImpossibleFilterError);
    await expect(lettersOf(filter)).rejects.toThrow(message);
  });

  it('of an earlier version of the topic may be asked for', async () => {
    await bury(bytesOf(fresh), 'once-a-cause', 'anna', { topic: 'watchnext.activity.v0', partition: 5 });
    expect(await lettersOf({ codes: ['once-a-cause'], topic: 'watchnext.activity.v0', partition: 5 })).toHaveLength(1);
  });

  it('are listed with their causes, filtered and counted', async () => {
    await buryAll();
    const counts = await forEachLetter(world.log, PARTITIONS, { topic: TOPICS.activity }, () => undefined);
    const byCode = { 'invalid-field': 1, 'too-old': 1, undecodable: 1 };
    expect(counts).toEqual({ letterCount: 3, byCode, foreignRecordCount: 0 });
    const found = async (filter: LetterFilter) => (await lettersOf(filter)).map(({ code }) => code);
    expect(await found({ codes: ['too-old', 'undecodable'] })).toEqual(['too-old', 'undecodable']);
    expect(await found({ userId: 'anna' })).toEqual(['invalid-field']);
    expect(await found({ userId: 'carl' })).toEqual(['undecodable']);
    expect(await found({ partition: 0 })).toEqual(['undecodable']);
    expect(await found({ eventId: old.eventId })).toEqual(['too-old']);
    expect(await found({ sinceMs: AT_MS + 1_000 })).toEqual(['too-old']);
    expect(await found({ untilMs: AT_MS + 1_000 })).toEqual(['invalid-field', 'undecodable']);
    expect(await found({ topic: TOPICS.catalog })).toEqual([]);
  });

  it('are passed over, and counted, where a record of the topic is none', async () => {
    await bury(bytesOf(fresh), 'invalid-field', 'anna');
    const foreign = [Uint8Array.of(0xff, 0xff, 0xff), Uint8Array.of(), Buffer.from('{"a": 1}')];
    await world.log.append(
      TOPICS.deadLetters,
      foreign.map((value) => ({ key: 'x', value })),
    );
    await bury(bytesOf(old), 'too-old', 'ben');
    const { letters, counts } = await collectLetters(world.log, PARTITIONS, {});
    expect(letters.map(({ code }) => code)).toEqual(['invalid-field', 'too-old']);
    expect(counts).toMatchObject({ letterCount: 2, foreignRecordCount: foreign.length });
    expect(await lettersOf({ codes: ['too-old'], topic: TOPICS.activity })).toHaveLength(1);
    await expect(lettersOf({ codes: ['nonsense'] })).rejects.toThrow(ImpossibleFilterError);
  });

  it('are given one after the other, and not held, so that a flood of them passes', async () => {
    const value = letterOf(Buffer.alloc(1_000), 'undecodable', 'x');
    for (let i = 0; i < 30; i++)
      await world.log.append(
        TOPICS.deadLetters,
        Array.from({ length: 1_000 }, () => value),
      );
    let count = 0;
    const weak: WeakRef<object>[] = [];
    await forEachLetter(world.log, PARTITIONS, {}, (letter) => {
      if (count++ % 100 === 0) weak.push(new WeakRef(letter));
    });
    expect(count).toBe(30_000);
    await new Promise(setImmediate);
    collectGarbage();
    expect(weak.filter((one) => one.deref() !== undefined).length).toBeLessThan(weak.length / 10);
  });

  it('are refused where more are to be sent than are held at once, before any is', async () => {
    await buryAll();
    const held = { letterCount: 2, bytes: 1_000_000 };
    const collect = (filter: LetterFilter, bounds = held) => collectLetters(world.log, PARTITIONS, filter, bounds);
    expect((await collect({ partition: 1 })).letters).toHaveLength(2);
    await expect(collect({})).rejects.toThrow(TooManyLettersError);
    await expect(collect({ partition: 1 }, { letterCount: 2, bytes: 10 })).rejects.toThrow(/choose fewer/);
  });

  it('go to their topic again, each once, however often they are replayed', async () => {
    await buryAll();
    await bury(bytesOf(fresh), 'invalid-field', 'anna', { offset: 9 });
    const letters = await lettersOf();
    const dry = await replayLetters(world.log, world.archive, letters, { dryRun: true });
    expect(dry.sent).toEqual([fresh.eventId]);
    expect(await activity()).toEqual([]);

    const report = await replayLetters(world.log, world.archive, letters);
    expect(report).toEqual({
      sent: [fresh.eventId],
      skipped: [
        expect.objectContaining({ eventId: old.eventId, reason: 'would-be-refused' }),
        expect.objectContaining({ eventId: '', reason: 'undecodable' }),
        expect.objectContaining({ eventId: fresh.eventId, reason: 'repeated' }),
      ],
    });
    expect((await activity()).map(({ eventId }) => eventId)).toEqual([fresh.eventId]);
    await world.archived();
    const again = await replayLetters(world.log, world.archive, letters);
    expect(again.sent).toEqual([]);
    expect(again.skipped.filter(({ reason }) => reason === 'replayed')).toHaveLength(2);
    expect(await activity()).toHaveLength(1);
  });

  it('go in appends that Kafka takes, however large they are', async () => {
    const topics = Array.from({ length: 50 }, (_, i) => `${i}`.padEnd(100, 'x'));
    const events = Array.from({ length: 300 }, (_, i) =>
      eventOf(watchOf('anna', `video-${i}`, { video: videoFactsOf({ topics }) }), AT_MS),
    );
    await world.log.append(
      TOPICS.deadLetters,
      events.map((event) => letterOf(bytesOf(event), 'invalid-field', 'anna')),
    );
    const letters = await lettersOf();
    const appendedBytes: number[] = [];
    const log = new Proxy(world.log, {
      get: (target, name) =>
        name === 'append'
          ? (topic: string, records: NewRecord[]) => {
              appendedBytes.push(records.reduce((sum, { value }) => sum + value.byteLength, 0));
              return target.append(topic, records);
            }
          : Reflect.get(target, name).bind(target),
    });
    await replayLetters(log, world.archive, letters);
    expect((await activity()).map(({ eventId }) => eventId)).toEqual(events.map(({ eventId }) => eventId));
    expect(Math.max(...appendedBytes)).toBeLessThan(1_048_576);
  });

  it('may be a flood of them', async () => {
    await bury(bytesOf(fresh), 'invalid-field', 'anna', { offset: 9 });
    const [letter] = await lettersOf();
    // More than a call takes as arguments.
    const letters = Array.from({ length: 200_000 }, (_, letterOffset) => ({ ...letter, letterOffset }));
    const { sent, skipped } = await replayLetters(world.log, world.archive, letters, { dryRun: true });
    expect(sent).toEqual([fresh.eventId]);
    expect(skipped).toHaveLength(letters.length - 1);
  });

  it('that are too old pass as backfills when told to', async () => {
    await buryAll();
    const letters = await lettersOf({ codes: ['too-old'] });
    expect((await replayLetters(world.log, world.archive, letters, { asBackfill: true })).sent).toEqual([old.eventId]);
    expect(await activity()).toMatchObject([{ eventId: old.eventId, backfill: true }]);
  });

  it.each(['anna', 'some-other-key'])(
    'are sent once, and once more when they die again, however far ahead clocks were: under the key %s',
    async (key) => {
      const timestampMs = AT_MS + 60_000;
      const [position] = await world.log.append(TOPICS.activity, [{ key, value: bytesOf(fresh), timestampMs }]);
      await bury(bytesOf(fresh), 'invalid-field', key, position);
      const replay = async () => {
        await world.archived();
        const { sent, skipped } = await replayLetters(world.log, world.archive, await lettersOf());
        return { sent, left: skipped.map(({ letterOffset, reason }) => `${letterOffset}: ${reason}`) };
      };
      expect(await replay()).toEqual({ sent: [fresh.eventId], left: [] });
      expect(await replay()).toEqual({ sent: [], left: ['0: replayed'] });

      const replayed = (await recordsOf(TOPICS.activity)).at(-1);
      expect(Event.decode(replayed?.value ?? Buffer.of()).eventId).toBe(fresh.eventId);
      await bury(bytesOf(fresh), 'invalid-field', 'anna', { partition: replayed?.partition, offset: replayed?.offset });
      expect(await replay()).toEqual({ sent: [fresh.eventId], left: ['0: replayed'] });
      expect(await replay()).toEqual({ sent: [], left: ['0: replayed', '1: replayed'] });
    },
  );
});
