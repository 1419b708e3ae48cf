import { createRandom } from '@watchnext/learning';
import { BprFactors, DEFAULT_BPR } from './bpr';
import { watchLogOf } from './watch-log';

/** Two tastes: even users watch even videos, odd ones odd videos; each lacks one of its own kind. */
const watches = Array.from({ length: 40 }, (_, user) =>
  Array.from({ length: 10 }, (_unused, step) => 2 * step + (user % 2))
    .filter((_unused, step) => step !== user % 10)
    .map((video, atMs) => ({ userId: `u${user}`, videoId: `v${video}`, atMs })),
).flat();
const log = watchLogOf(watches, false);
const options = { ...DEFAULT_BPR, dimensions: 8, epochCount: 30 };

function trained(seed: number) {
  const factors = new BprFactors(log, options, createRandom(seed));
  const losses = Array.from({ length: options.epochCount }, () => factors.epoch());
  return { factors, losses };
}
const ask = (userId: string) => ({ userId, history: new Int32Array(), atMs: NaN });

describe('BprFactors', () => {
  it('ranks the unwatched video of the own taste above those of the other', () => {
    const { factors, losses } = trained(1);
    expect(losses[0]).toBeGreaterThan(0.5);
    expect(losses.at(-1)).toBeLessThan(0.2);
    for (let user = 0; user < 40; user += 1) {
      const scores = factors.scorer().score(ask(`u${user}`));
      const score = (video: number) => scores[log.videoIds.indexOf(`v${video}`)];
      const lacking = 2 * (user % 10) + (user % 2);
      const others = Array.from({ length: 10 }, (_, step) => score(2 * step + 1 - (user % 2)));
      expect(score(lacking)).toBeGreaterThan(Math.max(...others));
    }
  });

  it('is the same for the same seed, and gives a stranger the biases alone', () => {
    const first = Float32Array.from(trained(2).factors.scorer().score(ask('stranger')));
    expect(first).toEqual(Float32Array.from(trained(2).factors.scorer().score(ask('stranger'))));
    expect(first).not.toEqual(Float32Array.from(trained(3).factors.scorer().score(ask('stranger'))));
    expect(first).not.toEqual(Float32Array.from(trained(2).factors.scorer().score(ask('u0'))));
  });

  it('takes a user who has watched everything', () => {
    const all = watchLogOf([{ userId: 'a', videoId: 'x', atMs: 0 }], false);
    const factors = new BprFactors(all, options, createRandom(1));
    expect(factors.epoch()).toBe(0);
    expect(Number.isFinite(factors.scorer().score(ask('a'))[0])).toBe(true);
  });
});
