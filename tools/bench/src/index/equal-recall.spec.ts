import { atEqualRecall } from './equal-recall';

const point = (ef: number, recall: number, qps: number) => ({ ef, recall, qps });
const PEER = [point(100, 0.97, 10_000), point(150, 0.99, 6_000), point(200, 1, 4_000)];

describe('two indexes at equal recall', () => {
  it('are compared at the recall asked for, between two breadths on a straight line', () => {
    const ours = [point(100, 0.96, 8_000), point(200, 1, 4_000)];
    const { recall, qpsRatio } = atEqualRecall(ours, PEER, 0.98)!;
    expect(recall).toBe(0.98);
    expect(qpsRatio).toBeCloseTo(6_000 / 8_000, 10);
  });

  it('are compared where the narrowest search of the one that finds more begins', () => {
    const ours = [point(100, 0.995, 5_000), point(200, 1, 3_000)];
    expect(atEqualRecall(ours, PEER, 0.98)).toEqual({ recall: 0.995, qpsRatio: 1 });
    expect(atEqualRecall(PEER, ours, 0.98)).toEqual({ recall: 0.995, qpsRatio: 1 });
  });

  it('are compared at the most that the one finds where the other begins beyond it', () => {
    const ours = [point(100, 0.999, 5_000), point(200, 1, 3_000)];
    const theirs = PEER.slice(0, 2);
    expect(atEqualRecall(ours, theirs, 0.98)).toEqual({ recall: 0.99, qpsRatio: 5_000 / 6_000 });
  });

  it('take the first breadth that reaches it, also where chance has a broader one find less', () => {
    const ours = [point(50, 0.97, 9_000), point(70, 0.97, 9_000), point(100, 0.99, 6_000), point(150, 0.985, 5_000)];
    expect(atEqualRecall(ours, PEER, 0.985)!.qpsRatio).toBeCloseTo(6_750 / 7_000, 10);
  });

  it('are not compared at what one of them does not reach', () => {
    expect(atEqualRecall([point(100, 0.9, 8_000)], PEER, 0.98)).toBeUndefined();
    expect(atEqualRecall(PEER, [point(100, 0.9, 8_000)], 0.98)).toBeUndefined();
  });
});
