/** Of each key the newest record stays. */
import { CollectingTail } from './handlers';
import { COMPACTED, type EventLogSuite, record } from './support';

export function describeCompacted({ spec, options }: EventLogSuite): void {
  describe('a compacted topic', () => {
    spec('keeps the newest record of every key, and its offsets go on rising', async ({ log }) => {
      for (let i = 0; i < 10; i++) await log.append(COMPACTED.name, [record(`v${i % 3}`, String(i))]);
      const tail = new CollectingTail();
      await log.tail(COMPACTED.name, tail);
      const newest = new Map(tail.records.map(({ key, value }) => [key, Buffer.from(value).toString()]));
      expect(newest).toEqual(
        new Map([
          ['v0', '9'],
          ['v1', '7'],
          ['v2', '8'],
        ]),
      );
      expect((await log.bounds(COMPACTED.name))[0]?.endOffset).toBe(10);
      if (options.compactsAtOnce) expect(tail.records.map(({ offset }) => offset)).toEqual([7, 8, 9]);
    });

    spec('keeps the newest of a key that one call names twice', async ({ log }) => {
      await log.append(COMPACTED.name, [record('v', 'old'), record('v', 'new')]);
      const tail = new CollectingTail();
      await log.tail(COMPACTED.name, tail);
      expect(tail.texts().at(-1)).toBe('new');
    });
  });
}
