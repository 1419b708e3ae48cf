import fc from 'fast-check';
import { exampleOf } from '../test/builders';
import { hasEnoughHits, examplesToChooseBy } from './sample-size';

/** Videos that are all trained on, and so many watches of them to validate on. */
const training = (videoCount: number) => Array.from({ length: videoCount }, (_, n) => exampleOf('u', `v${n}`, n));
const watches = (count: number, videoId: (n: number) => string, seen: string[] = []) =>
  Array.from({ length: count }, (_, n) => exampleOf(`w${n}`, videoId(n), n, { watchedVideoIds: seen }));
const known = (count: number) => watches(count, (n) => `v${n % 400}`);
const unknown = (count: number) => watches(count, (n) => `new${n}`);

describe('what validation may choose by', () => {
  it('is 200 watches or more', () => {
    expect(examplesToChooseBy(training(400), known(200))).toHaveLength(200);
    expect(examplesToChooseBy(training(400), known(199))).toEqual([]);
  });

  it('is counted in labels that training knows: the others cannot be hit, as most of a long-tailed catalogue', () => {
    expect(examplesToChooseBy(training(400), [...known(199), ...unknown(500)])).toEqual([]);
    // They stay among them, as misses of every form and epoch alike.
    expect(examplesToChooseBy(training(400), [...known(200), ...unknown(500)])).toHaveLength(700);
  });

  it('can be missed: not where fewer videos than k could stand above the label', () => {
    const seen = (count: number) => Array.from({ length: count }, (_, n) => `v${n}`);
    // Of 40 videos k is 4. The label and 4 others are left, or the label and 3.
    const after = (count: number) => watches(200, (n) => `v${36 + (n % 4)}`, seen(count));
    expect(examplesToChooseBy(training(40), after(35))).toHaveLength(200);
    expect(examplesToChooseBy(training(40), after(36))).toEqual([]);
  });

  it('is a recall of 40 hits or more', () => {
    expect(hasEnoughHits(0.2, 200)).toBe(true);
    expect(hasEnoughHits(39 / 200, 200)).toBe(false);
    expect(hasEnoughHits(0.02, 1_999)).toBe(true);
    expect(hasEnoughHits(NaN, 2_000)).toBe(false);
  });

  it('is never fewer for more watches, whatever they are of', () => {
    const watch = fc.constantFrom(...known(3), ...unknown(3));
    fc.assert(
      fc.property(
        fc.array(watch, { maxLength: 400 }),
        fc.array(watch, { minLength: 100, maxLength: 200 }),
        (some, more) => {
          const [fewer, all] = [some, [...some, ...more]].map((list) => examplesToChooseBy(training(400), list));
          expect(all.length).toBeGreaterThanOrEqual(fewer.length);
          const isKnown = ({ labelVideoId }: { labelVideoId: string }) => labelVideoId.startsWith('v');
          if (all.length > 0) expect(all.filter(isKnown).length).toBeGreaterThanOrEqual(200);
        },
      ),
      { seed: 4 },
    );
  });
});
