import fc from 'fast-check';
import { createRandom, createTable, initialiseStack, runStack, tableFromValues } from '@watchnext/learning';
import { HISTORY_ENCODERS, type HistoryEncoder, placeCount } from './config';
import type { CandidateInputTables } from './engine';
import { openPassage } from './history-passage';
import { inputLayout } from './input';

const DIMENSIONS = 3;

function layoutOf(historyEncoder: HistoryEncoder) {
  const random = createRandom(1);
  const config = { historyEncoder, historyHeads: 2, exampleAgeKnots: 4 };
  const heads = historyEncoder.endsWith('-heads');
  const tables: CandidateInputTables = {
    watched: createTable(5, DIMENSIONS, random, 1),
    searchTokens: createTable(3, 2, random, 1),
    countries: createTable(2, 1, random, 1),
    devices: createTable(2, 1, random, 1),
    positions: heads ? createTable(placeCount(config) + 1, 2, random, 1) : tableFromValues([0], 1),
    queries: tableFromValues([0], 1),
  };
  return inputLayout(tables, config);
}

/** By the words of the docstring. */
function meanOfGroups(layout: ReturnType<typeof layoutOf>, row: Float32Array): number[] {
  const parts = [layout.historyMean, layout.historyHeads, layout.historyLast].filter(({ width }) => width > 0);
  const groups = parts.flatMap(({ from, width }) =>
    Array.from({ length: width / DIMENSIONS }, (_, i) => row.subarray(from + i * DIMENSIONS).slice(0, DIMENSIONS)),
  );
  return Array.from({ length: DIMENSIONS }, (_, d) => groups.reduce((sum, group) => sum + group[d], 0) / groups.length);
}

const towerOf = (inputSize: number, hiddenSizes: readonly number[]) =>
  initialiseStack([inputSize, ...hiddenSizes, DIMENSIONS], createRandom(2));

describe('openPassage', () => {
  it.each(
    HISTORY_ENCODERS.flatMap((encoder) => [[], [6], [9], [12, 6], [6, 7, 8]].map((sizes) => ({ encoder, sizes }))),
  )('makes a tower the mean of the history: $encoder, hidden layers $sizes', ({ encoder, sizes }) => {
    const layout = layoutOf(encoder);
    const tower = towerOf(layout.inputSize, sizes);
    expect(openPassage(tower, layout, DIMENSIONS)).toBe(true);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -64, max: 64 }), { minLength: layout.inputSize, maxLength: layout.inputSize }),
        (numbers) => {
          const row = Float32Array.from(numbers, (value) => value / 16);
          const expected = meanOfGroups(layout, row);
          runStack(tower, row, 1).forEach((value, d) => expect(value).toBeCloseTo(expected[d], 4));
        },
      ),
    );
  });

  it('leaves the units beside the passage as they were, so that they have something to give', () => {
    const layout = layoutOf('mean-and-last');
    const [before, after] = [towerOf(layout.inputSize, [8]), towerOf(layout.inputSize, [8])];
    openPassage(after, layout, DIMENSIONS);
    for (const unit of [6, 7])
      for (let input = 0; input < layout.inputSize; input++)
        expect(after[0].weights[input * 8 + unit]).toBe(before[0].weights[input * 8 + unit]);
  });

  it('changes nothing of a tower too narrow for it, and says so', () => {
    const layout = layoutOf('mean');
    const tower = towerOf(layout.inputSize, [8, 5]);
    expect(openPassage(tower, layout, DIMENSIONS)).toBe(false);
    expect(tower).toEqual(towerOf(layout.inputSize, [8, 5]));
  });
});
