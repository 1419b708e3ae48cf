import type { LogRecord } from '@watchnext/event-log';
import * as fc from 'fast-check';
import { cutBatch } from './cut-batch';

const recordsOf = (keys: readonly string[]) =>
  keys.map((key, offset): LogRecord => ({ topic: 't', partition: 0, offset, timestampMs: 0, key, value: Buffer.of() }));

describe('cutting a batch', () => {
  it('keeps every record in its place, and few keys in each piece', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 }),
        fc.integer({ min: 1, max: 6 }),
        (keys, maxKeys) => {
          const records = recordsOf(keys);
          const pieces = cutBatch(records, maxKeys);
          expect(pieces.flat()).toEqual(records);
          for (const piece of pieces) {
            expect(piece.length).toBeGreaterThan(0);
            expect(new Set(piece.map(({ key }) => key)).size).toBeLessThanOrEqual(maxKeys);
          }
        },
      ),
      { seed: 6 },
    );
  });

  it('cuts no earlier than it must', () => {
    const pieces = cutBatch(recordsOf(['a', 'a', 'b', 'a', 'c', 'c', 'b', 'a']), 2);
    expect(pieces.map((piece) => piece.map(({ key }) => key).join(''))).toEqual(['aaba', 'ccb', 'a']);
  });
});
