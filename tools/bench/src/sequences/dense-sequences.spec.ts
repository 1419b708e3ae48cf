import { denseSequences } from './dense-sequences';

const OPTIONS = { users: 60, videos: 200, watches: 50, seed: 1 };

describe('dense sequences', () => {
  const sequences = [...denseSequences(OPTIONS)];

  it('are as long as was asked, at the median, and hold no video twice', () => {
    const lengths = sequences.map(({ length }) => length).sort((a, b) => a - b);
    expect(lengths[0]).toBeGreaterThanOrEqual(20);
    expect(lengths.at(-1)).toBeLessThanOrEqual(150);
    expect(Math.abs(lengths[30]! - 50)).toBeLessThan(20);
    for (const sequence of sequences) expect(new Set(sequence).size).toBe(sequence.length);
    expect(sequences.flat().every((video) => Number.isInteger(video) && video >= 0 && video < 200)).toBe(true);
  });

  it('are the same with one seed, and others with another', () => {
    expect([...denseSequences(OPTIONS)]).toEqual(sequences);
    expect([...denseSequences({ ...OPTIONS, seed: 2 })]).not.toEqual(sequences);
  });

  it('tell the next watch by the last: pairs in a row recur among users more than the same watches in another order', () => {
    const recurring = (lists: readonly (readonly number[])[]) => {
      const pairs = lists.flatMap((list) => list.slice(1).map((video, i) => `${list[i]} ${video}`));
      return pairs.length - new Set(pairs).size;
    };
    const halves = sequences.map((list) => [
      ...list.filter((_, i) => i % 2 === 0),
      ...list.filter((_, i) => i % 2 === 1),
    ]);
    expect(recurring(sequences)).toBeGreaterThan(1.1 * recurring(halves));
  });
});
