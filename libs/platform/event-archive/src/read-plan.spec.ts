import fc from 'fast-check';
import type { ArchiveFile } from './archive-files';
import { planReading } from './read-plan';

const file = (partition: number, firstOffset: number, lastOffset: number): ArchiveFile => ({
  path: `p${partition}-${firstOffset}-${lastOffset}`,
  day: '2026-11-23',
  partition,
  firstOffset,
  lastOffset,
  checksum: '00000000',
});

describe('the plan of reading', () => {
  it('takes files that follow each other whole', () => {
    const files = [file(0, 0, 9), file(0, 10, 19), file(1, 5, 6)];
    expect(planReading(files)).toEqual([
      { partition: 0, parts: files.slice(0, 2).map((one) => ({ file: one, fromOffset: undefined })), gap: undefined },
      { partition: 1, parts: [{ file: files[2], fromOffset: undefined }], gap: undefined },
    ]);
  });

  it('takes the longer of two that begin together: the other may account for offsets without having their records', () => {
    const [given, longer, next] = [file(0, 0, 9), file(0, 0, 14), file(0, 15, 19)];
    expect(planReading([given, longer, next])[0]!.parts.map((part) => part.file)).toEqual([longer, next]);
  });

  it('names the first gap', () => {
    expect(planReading([file(0, 0, 9), file(0, 12, 19), file(0, 30, 40)])[0]?.gap).toEqual({ from: 10, to: 11 });
  });

  it('covers every offset of any files exactly once', () => {
    const range = fc.tuple(fc.nat(60), fc.nat(20)).map(([first, length]) => [first, first + length] as const);
    fc.assert(
      fc.property(fc.array(range, { minLength: 1, maxLength: 12 }), (ranges) => {
        const files = [...ranges]
          .sort((a, b) => a[0] - b[0] || a[1] - b[1])
          .map(([first, last]) => file(0, first, last));
        const covered: number[] = [];
        for (const { file: one, fromOffset } of planReading(files)[0]?.parts ?? []) {
          for (let offset = fromOffset ?? one.firstOffset; offset <= one.lastOffset; offset++) covered.push(offset);
        }
        const wanted = new Set(
          ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i)),
        );
        expect(covered).toEqual([...wanted].sort((a, b) => a - b));
      }),
      { seed: 23 },
    );
  });
});
