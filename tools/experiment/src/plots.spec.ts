import type { Look } from '@watchnext/experiments';
import { plotEffect, plotForest } from './plots';

const titles = (svg: string) => [...svg.matchAll(/<title>([^<]*)<\/title>/g)].map(([, text]) => text);
const lifts = (svg: string) => [...svg.matchAll(/<text[^>]*>([+-]?[\d.]+%)<\/text>/g)].map(([, text]) => text);

describe('a forest of lifts', () => {
  const forest = (half: number) =>
    plotForest('lift', [{ label: 'a', lift: 0.4 * half, interval: { low: -half, high: half } }]);

  it('has an axis whose ticks differ, and tells each lift', () => {
    expect(lifts(forest(0.01))).toEqual(['-1.0%', '-0.5%', '0.0%', '+0.5%', '+1.0%']);
    expect(titles(forest(0.01))).toEqual(['+0.4% (-1.0% to +1.0%)']);
    expect(titles(forest(0.001))).toEqual(['+0.04% (-0.10% to +0.10%)']);
  });

  it('has no decimals on the axis where lifts are large, but in what is told', () => {
    expect(lifts(forest(1))).toEqual(['-100%', '-50%', '0%', '+50%', '+100%']);
    expect(titles(forest(0.1))).toEqual(['+4.0% (-10.0% to +10.0%)']);
  });
});

it('lifts by day of a hundredth of a percent are told apart', () => {
  const look = (lift: number) => {
    const interval = { low: lift - 0.001, high: lift + 0.001 };
    return { lift, fixedInterval: interval, alwaysValidInterval: interval } as Look;
  };
  const svg = plotEffect('watches', [look(0.0002), look(0.0004)]);
  const ticks = lifts(svg);
  expect(ticks.length).toBeGreaterThan(2);
  expect(new Set(ticks).size).toBe(ticks.length);
  expect(titles(svg)[1]).toBe('day 2: +0.04% (-0.06% to +0.14% at every look)');
});
