import { sparseSequences } from './sparse-sequences';

const OPTIONS = { users: 400, videos: 1_200, watches: 8, seed: 1 };

describe('sparse sequences', () => {
  const sequences = [...sparseSequences(OPTIONS)];

  it('have a handful of watches a user, no video twice, and few of each video', () => {
    const watchCount = sequences.flat().length;
    expect(sequences).toHaveLength(400);
    expect(Math.min(...sequences.map(({ length }) => length))).toBe(5);
    expect(watchCount / 400).toBeGreaterThan(7);
    expect(watchCount / 400).toBeLessThan(9);
    for (const sequence of sequences) expect(new Set(sequence).size).toBe(sequence.length);
    expect(sequences.flat().every((video) => Number.isInteger(video) && video >= 0 && video < 1_200)).toBe(true);
    expect(watchCount / new Set(sequences.flat()).size).toBeLessThan(4);
  });

  it('are the same with one seed, and others with another', () => {
    expect([...sparseSequences(OPTIONS)]).toEqual(sequences);
    expect([...sparseSequences({ ...OPTIONS, seed: 2 })]).not.toEqual(sequences);
  });

  it('have pairs that users share, as topics make them, more than by chance', () => {
    const pairsOf = (users: readonly (readonly number[])[]) => {
      const counts = new Map<string, number>();
      for (const list of users)
        for (const a of list)
          for (const b of list) if (a < b) counts.set(`${a} ${b}`, (counts.get(`${a} ${b}`) ?? 0) + 1);
      return [...counts.values()].filter((count) => count > 1).length;
    };
    const lists = [...sparseSequences({ ...OPTIONS, videos: 6_000 })];
    const mixed = lists.map((list, user) => {
      const others = list.map((_, i) => lists[(user + 37 * i) % 400]!);
      return [...new Set(others.flatMap((other, i) => other.slice(i, i + 1)))];
    });
    expect(pairsOf(lists)).toBeGreaterThan(2 * pairsOf(mixed));
  });

  it.each([1, 4, 5])('have five watches a user where %p are asked for', (watches) => {
    expect(new Set([...sparseSequences({ ...OPTIONS, watches })].map(({ length }) => length))).toEqual(new Set([5]));
  });

  it('end where there are no more videos than a user would watch', () => {
    for (const sequence of sparseSequences({ users: 20, videos: 6, watches: 12, seed: 3 }))
      expect(sequence.length).toBeLessThanOrEqual(6);
  });
});
