import { DAY_MS } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { IdealLearner } from './ideal-learner';
import { impressionScores } from '../impression-scores';
import { chooseViewers, memoriesOf, Truth, World } from '../index';
import { LifeTeller } from '../life/life';
import type { LifeRecorder } from '../life/recorder';

const world = new World({ seed: 5, viewerCount: 80, videoCount: 150, dayCount: 10, endMs: Date.UTC(2026, 10, 23) });
const truth = new Truth(world);
const atMs = world.options.endMs;
const viewers = chooseViewers(world, 16);
const memories = memoriesOf(
  world,
  viewers.map(({ index }) => index),
);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Places of the largest values, first place first. */
function listOf(values: Float64Array): number[] {
  return [...values.keys()].sort((a, b) => values[b] - values[a]).slice(0, 10);
}

function worthOf(values: Float64Array, list: readonly number[]): number {
  return sum(list.map((video, position) => truth.examination(position) * values[video]));
}

describe('what could be known of viewers at best', () => {
  const learner = new IdealLearner(world, { rounds: 60, seed: 1 });
  const known = viewers.map(({ index }) => learner.expectedValues(index, atMs, memories[index]));
  const real = viewers.map(({ index }) => {
    const moment = truth.momentOf(index, atMs);
    return Float64Array.from(world.videos, (video) => truth.valueAt(moment, video.index, memories[index]));
  });

  it('is less than the truth, and more than what all viewers have in common', () => {
    const worth = (values: readonly Float64Array[]) => sum(values.map((own, i) => worthOf(real[i], listOf(own))));
    // Another viewer's tastes, of the same country or not.
    const strange = known.map((_, i) => known[(i + 1) % known.length]);
    expect(worth(known)).toBeLessThan(worth(real));
    expect(worth(known)).toBeGreaterThan(1.3 * worth(strange));
  });

  it('promises of a list what it is worth', () => {
    const differences = known.map((own, i) => worthOf(own, listOf(own)) - worthOf(real[i], listOf(own)));
    const mean = sum(differences) / differences.length;
    const variance = sum(differences.map((one) => (one - mean) ** 2)) / (differences.length - 1);
    expect(Math.abs(mean)).toBeLessThan(3 * Math.sqrt(variance / differences.length));
  });

  it('expects of the places of a page what comes of them, before it is seen', () => {
    const fromMs = atMs - 2 * DAY_MS;
    const stride = 3;
    const cap = 300;
    const impressions = [...impressionScores(world, { fromMs, stride })].flat().filter(({ viewed }) => viewed);
    const knowing = new IdealLearner(world, { rounds: 10, seed: 2 });
    const learned = [...impressionScores(world, { fromMs, stride, learner: knowing })]
      .flat()
      .filter(({ viewed }) => viewed);
    expect(learned.map(({ impressionId }) => impressionId)).toEqual(
      impressions.map(({ impressionId }) => impressionId),
    );
    /** Standard errors between what is expected, where it stands, and what came of it. */
    const deviation = (differences: readonly number[]) =>
      sum(differences) / Math.sqrt(sum(differences.map((one) => one * one)));
    const differenceOf = ({ position, expectedSeconds, watchSeconds }: (typeof learned)[number]) =>
      watchSeconds - truth.attention(position) * expectedSeconds;
    expect(learned.length).toBeGreaterThan(200);
    expect(Math.abs(deviation(learned.map(differenceOf)))).toBeLessThan(4);
    const squared = (some: typeof learned) => sum(some.map((one) => differenceOf(one) ** 2));
    // It knows less than the truth, and more than another viewer's tastes tell.
    expect(squared(impressions)).toBeLessThan(squared(learned));
    const strange = learned.map((one, i) => ({
      ...one,
      expectedSeconds: learned[(i + 100) % learned.length].expectedSeconds,
    }));
    expect(squared(learned)).toBeLessThan(squared(strange));
    const [{ index }] = viewers;
    for (const page of knowing.pageBeliefs(index, fromMs, cap)) {
      for (const { expectedSeconds, clickProbability, cappedSeconds } of page) {
        expect(cappedSeconds).toBeLessThanOrEqual(expectedSeconds * (1 + 1e-9));
        expect(cappedSeconds).toBeLessThanOrEqual(cap * clickProbability * (1 + 1e-9));
      }
    }
  });

  it('learns of a page nothing from what comes after it', () => {
    const { index } = viewers[3];
    const all = new IdealLearner(world, { rounds: 10, seed: 3 }).pageBeliefs(index, -Infinity, 300);
    expect(all.length).toBeGreaterThan(3);
    const teller = jest.spyOn(LifeTeller.prototype, 'tell').mockImplementation(function (
      this: LifeTeller,
      viewer,
      recorder,
    ) {
      let pages = 0;
      const cut = new Proxy(recorder, {
        get:
          (target, name: keyof LifeRecorder) =>
          (...told: never[]) => {
            if (name === 'served') pages++;
            // Of the fourth page only that it was served.
            if (pages < 4 || (pages === 4 && name === 'served'))
              return (target[name] as (...args: never[]) => void)?.apply(target, told);
          },
      });
      teller.mockRestore();
      return new LifeTeller(world).tell(viewer, cut);
    });
    const first = new IdealLearner(world, { rounds: 10, seed: 3 }).pageBeliefs(index, -Infinity, 300);
    expect(first).toEqual(all.slice(0, 4));
  });

  it('is the same again, whoever was asked about in between', () => {
    const [{ index }] = viewers;
    expect(learner.expectedValues(index, atMs, memories[index])).toEqual(known[0]);
  });
});

it('knows how likely seconds are: as often as they are drawn', () => {
  const random = createRandom(2);
  const draws = 5_000;
  for (const video of [0, 7, 20]) {
    const moment = truth.momentOf(3, atMs);
    const duration = world.catalogue.durationSeconds[video];
    const density = (share: number) => Math.exp(truth.watchSecondsLogLikelihoodAt(moment, video, share * duration));
    let drawn = 0;
    for (let n = 0; n < draws; n++) if (truth.drawWatchSecondsAt(moment, video, random) >= 0.1 * duration) drawn++;
    const steps = 1_000;
    let expected = density(1);
    for (let step = 0; step < steps; step++) expected += (density(0.1 + (0.9 * (step + 0.5)) / steps) * 0.9) / steps;
    expect(Math.abs(drawn / draws - expected)).toBeLessThan(0.03);
  }
});
