import fc from 'fast-check';
import type { ArchiveFile } from '../archive-files';
import { byRange } from '../archive-files';
import { planReading } from '../read-plan';
import { accountFor, planDay } from './merge-plan';

const file = (firstOffset: number, lastOffset: number, checksum = '00000000'): ArchiveFile => ({
  path: `p0-${firstOffset}-${lastOffset}-${checksum}`,
  day: '2026-11-23',
  partition: 0,
  firstOffset,
  lastOffset,
  checksum,
});
const namesOf = (files: readonly ArchiveFile[]) =>
  files.map(({ firstOffset, lastOffset }) => [firstOffset, lastOffset]);
const runsOf = (files: readonly ArchiveFile[], sizeOf: (file: ArchiveFile) => number = () => 1, maxBytes = 100) =>
  planDay(files, sizeOf, maxBytes).runs.map((run) => namesOf(run.map((part) => part.file)));

/** Offsets that a reader takes of these files, as often as it does. */
function offsetsRead(files: readonly ArchiveFile[]): number[] {
  const offsets: number[] = [];
  for (const { parts } of planReading([...files].sort(byRange)))
    for (const { file: one, fromOffset } of parts)
      for (let offset = fromOffset ?? one.firstOffset; offset <= one.lastOffset; offset++) offsets.push(offset);
  return offsets;
}

describe('the plan of merging a day', () => {
  it('takes files that follow each other, as many as are no larger than one may be', () => {
    const files = [file(0, 9), file(10, 19), file(20, 29), file(30, 39), file(40, 49)];
    expect(runsOf(files)).toEqual([namesOf(files)]);
    expect(runsOf(files, () => 40)).toEqual([namesOf(files.slice(0, 2)), namesOf(files.slice(2, 4))]);
    expect(runsOf(files, () => 60)).toEqual([]);
  });

  it('does not span what is missing, so that a gap stays one', () => {
    expect(runsOf([file(0, 9), file(10, 19), file(25, 29), file(30, 39)])).toEqual([
      [
        [0, 9],
        [10, 19],
      ],
      [
        [25, 29],
        [30, 39],
      ],
    ]);
  });

  it('leaves a file alone as long as it has smaller ones', () => {
    const [large, small, next, last] = [file(0, 19), file(5, 9), file(20, 29), file(30, 39)] as const;
    const { runs, coverings } = planDay([large, small, next, last], () => 1, 100);
    expect(coverings).toEqual([{ file: large, covered: [small] }]);
    expect(runs.map((run) => run.map((part) => part.file))).toEqual([[next, last]]);
  });

  it('counts a second file of one range among those that nobody reads', () => {
    const [one, other] = [file(0, 9, '00000001'), file(0, 9, '00000002')];
    expect(planDay([other, one], () => 1, 100).coverings).toEqual([{ file: one, covered: [other] }]);
  });

  it('accounts for a range by files that follow each other or overlap, and not over a gap', () => {
    expect(accountFor([file(5, 9), file(0, 6)], file(0, 9))).toBe(true);
    expect(accountFor([file(0, 4), file(6, 9)], file(0, 9))).toBe(false);
    expect(accountFor([file(0, 8)], file(0, 9))).toBe(false);
    expect(accountFor([], file(0, 9))).toBe(false);
  });

  const overlapping = fc
    .array(fc.tuple(fc.nat(60), fc.nat(20)), { minLength: 1, maxLength: 12 })
    .map((ranges) => ranges.map(([first, length], i) => file(first, first + length, String(i).padStart(8, '0'))));

  it('lets readers take every offset once, with the larger files beside the small ones and without those', () => {
    fc.assert(
      fc.property(overlapping, fc.integer({ min: 2, max: 6 }), (files, maxFiles) => {
        const before = offsetsRead(files);
        const { runs } = planDay(files, () => 1, maxFiles);
        const merged = runs.map((run, i) => {
          expect(run.length).toBeLessThanOrEqual(maxFiles);
          const [first, last] = [run[0], run.at(-1)].map((part) => part!.file) as [ArchiveFile, ArchiveFile];
          return file(first.firstOffset, last.lastOffset, `m${String(i).padStart(7, '0')}`);
        });
        expect(offsetsRead([...files, ...merged])).toEqual(before);
        const settling = planDay([...files, ...merged], () => 1, maxFiles).coverings;
        const gone = new Set(settling.flatMap(({ covered }) => covered));
        expect(offsetsRead([...files, ...merged].filter((one) => !gone.has(one)))).toEqual(before);
      }),
    );
  });

  it('comes to an end: what was merged is not merged for ever', () => {
    fc.assert(
      fc.property(overlapping, (files) => {
        let left = files;
        for (let round = 0; round <= files.length; round++) {
          const { runs, coverings } = planDay(left, () => 1, 3);
          if (runs.length === 0 && coverings.length === 0) return;
          const gone = new Set(coverings.flatMap(({ covered }) => covered));
          const merged = runs.map((run) => file(run[0]!.file.firstOffset, run.at(-1)!.file.lastOffset, `m${round}`));
          left = [...left.filter((one) => !gone.has(one)), ...merged];
        }
        const { runs, coverings } = planDay(left, () => 1, 3);
        expect([runs, coverings]).toEqual([[], []]);
      }),
    );
  });
});
