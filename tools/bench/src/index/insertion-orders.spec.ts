import { benchInsertionOrders, type OrderOptions } from './insertion-orders';

const OPTIONS: OrderOptions = {
  vectors: 12_000,
  dimensions: 8,
  queries: 20,
  kind: 'independent',
  partitions: 4,
  every: 1,
  space: 'augmented-l2',
  m: 4,
  efConstruction: 20,
  first: ['quarter-evenly', 'eighth-and-eighth'],
  ef: [100, 400],
  seed: 1,
};

it('tells the recall of graphs that differ in what went in first, a row each', async () => {
  const { result, text } = await benchInsertionOrders(OPTIONS);
  const figures = result.figures as { first: string; points: { recall: number }[] }[];
  expect(figures.map(({ first }) => first)).toEqual(OPTIONS.first);
  const [evenly, longest] = figures.map(({ points }) => points.map(({ recall }) => recall));
  for (const [at100, at400] of [evenly, longest]) {
    expect(at100).toBeGreaterThan(0);
    expect(at400).toBeGreaterThanOrEqual(at100);
    expect(at400).toBeLessThanOrEqual(1);
  }
  // Where queries lie at the equator of the augmentation, who goes in first decides what is found.
  expect(longest[0]).toBeGreaterThan(evenly[0]);
  for (const first of OPTIONS.first) expect(text).toContain(`| ${first} |`);
  expect(text).toContain('| 100 | 400 |');
});
