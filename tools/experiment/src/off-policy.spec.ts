import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event, ExplorationOption } from '@watchnext/contract';
import type { EventArchive } from '@watchnext/event-archive';
import { createRandom } from '@watchnext/learning';
import { eventOf, impressionItemOf, impressionsServedOf, watchOf } from '@watchnext/testing';
import { archiveOf, START_MS } from '../test/archived-experiment';
import { policyOf, readDraws, valuePolicy } from './off-policy';

const options = (...scores: number[]): ExplorationOption[] =>
  scores.map((score, index) => ({
    videoId: `v${index}`,
    score,
    probability: index === 0 ? 0.7 : 0.3 / (scores.length - 1),
  }));
/** True mean watch seconds of the options; the ranking has the order wrong. */
const MEANS = [10, 30, 20];
const SCORES = [25, 20, 15];

describe('policies', () => {
  it.each([
    ['greedy', [1, 0, 0]],
    ['uniform', [1 / 3, 1 / 3, 1 / 3]],
    ['epsilon=0.3', [0.8, 0.1, 0.1]],
    ['softmax=5', [0.665, 0.245, 0.09]],
  ])('%s', (name, expected) => {
    const probabilities = policyOf(name)(options(...SCORES));
    expect(probabilities).toEqual(expected.map((p) => expect.closeTo(p, 3)));
  });

  it.each(['best', 'epsilon', 'epsilon=', 'epsilon= ', 'epsilon=2', 'softmax=0', 'greedy=1'])('%s is none', (name) =>
    expect(() => policyOf(name)).toThrow(/there is no policy .*; there are greedy/),
  );
});

describe('the value of a policy that was not served', () => {
  const folder = mkdtempSync(join(tmpdir(), 'watchnext-off-policy-'));
  let archive: EventArchive;

  beforeAll(async () => {
    const random = createRandom(31);
    const events: { key: string; event: Event }[] = [];
    for (let request = 0; request < 3_000; request++) {
      const userId = `u${request % 500}`;
      const atMs = START_MS + request * 1_000;
      const u = random.next();
      const drawn = u < 0.7 ? 0 : u < 0.85 ? 1 : 2;
      const impressionId = `r${request}-2`;
      const item = impressionItemOf(`v${drawn}`, {
        impressionId,
        position: 2,
        propensity: options(...SCORES)[drawn].probability,
      });
      const exploredPlaces = [{ position: 2, options: options(...SCORES) }];
      const served = impressionsServedOf(userId, [item], { requestId: `r${request}`, exploredPlaces });
      events.push({ key: userId, event: eventOf(served, atMs) });
      if (random.next() < 0.5) {
        const positionSeconds = 2 * MEANS[drawn] * 2 * random.next();
        const watch = watchOf(userId, `v${drawn}`, { impressionId, playbackId: `p${request}`, positionSeconds });
        // One in a hundred is watched too late to be the list's doing.
        events.push({ key: userId, event: eventOf(watch, atMs + (request % 100 === 0 ? 90_000_000 : 5_000)) });
      }
    }
    // Ranking had failed open: no scores, and nothing to value.
    for (let request = 0; request < 50; request++) {
      const item = impressionItemOf('v0', { impressionId: `open${request}`, position: 2 });
      const unscored = options(...SCORES).map((option) => ({ ...option, score: undefined }));
      const exploredPlaces = [{ position: 2, options: unscored }];
      const served = impressionsServedOf('u0', [item], { requestId: `open${request}`, exploredPlaces });
      events.push({ key: 'u0', event: eventOf(served, START_MS + request) });
    }
    // A program asks all day and watches what it is shown to the end.
    for (let request = 0; request < 200; request++) {
      const item = impressionItemOf('v1', { impressionId: `robot${request}-2`, position: 2, propensity: 0.15 });
      const exploredPlaces = [{ position: 2, options: options(...SCORES) }];
      const served = impressionsServedOf('robot', [item], { requestId: `robot${request}`, exploredPlaces });
      const watched = { impressionId: `robot${request}-2`, playbackId: `robot${request}`, positionSeconds: 90 };
      events.push({ key: 'robot', event: eventOf(served, START_MS + request * 10_000) });
      events.push({ key: 'robot', event: eventOf(watchOf('robot', 'v1', watched), START_MS + request * 10_000 + 100) });
    }
    archive = await archiveOf(folder, events);
  });

  afterAll(async () => {
    await archive.close();
    rmSync(folder, { recursive: true });
  });

  const question = (policy: string) => ({ policy: policyOf(policy), fromMs: START_MS, untilMs: START_MS + 10_000_000 });

  it.each([
    ['greedy', 10],
    ['uniform', 20],
    ['epsilon=0.6', 0.6 * 20 + 0.4 * 10],
  ])('of %s is found among people, with its error', async (policy, truth) => {
    const estimate = await valuePolicy(archive, question(policy));
    for (const found of [estimate.inversePropensity!, estimate.selfNormalised!, estimate.doublyRobust!]) {
      expect(Math.abs(found.value - 0.99 * truth)).toBeLessThan(3.3 * found.standardError);
      expect(found.standardError).toBeLessThan(0.1 * truth);
    }
    expect(estimate.drawCount).toBe(3_000);
    expect(estimate).toMatchObject({ positions: [2], dropped: { unscored: 50, notShown: 0 } });
    expect(estimate.userCount).toBe(500);
  });

  it('is refused where too little was logged', async () => {
    const estimate = await valuePolicy(archive, { ...question('uniform'), untilMs: START_MS + 100_000 });
    expect(estimate.refusal).toMatch(/effective sample size/);
  });
});

describe('a list of which two places were drawn', () => {
  it('is two draws, each with its own options and what was watched at its place', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'watchnext-two-draws-'));
    const fresh: ExplorationOption[] = ['v9', 'v8'].map((videoId) => ({ videoId, score: 5, probability: 0.5 }));
    const items = [
      impressionItemOf('v1', { impressionId: 'r-2', position: 2, propensity: 0.15 }),
      impressionItemOf('v8', { impressionId: 'r-5', position: 5, propensity: 0.5, source: 'fresh' }),
    ];
    const exploredPlaces = [
      { position: 2, options: options(...SCORES) },
      { position: 5, options: fresh },
    ];
    const served = impressionsServedOf('u1', items, {
      requestId: 'r',
      exploredPlaces,
      assignments: [{ experimentId: 'of-fresh', variantId: 'a', overridden: false }],
    });
    const watch = watchOf('u1', 'v8', { impressionId: 'r-5', playbackId: 'p', positionSeconds: 40 });
    const archive = await archiveOf(folder, [
      { key: 'u1', event: eventOf(served, START_MS) },
      { key: 'u1', event: eventOf(watch, START_MS + 5_000) },
    ]);
    const question = { policy: policyOf('uniform'), fromMs: START_MS, untilMs: START_MS + 10_000 };
    const { draws, positions } = await readDraws(archive, question);
    expect(draws).toMatchObject([
      { propensity: expect.closeTo(0.15), targetProbability: expect.closeTo(1 / 3), reward: 0 },
      { propensity: 0.5, targetProbability: 0.5, reward: 40, predicted: 5 },
    ]);
    expect(positions).toEqual([2, 5]);
    // Which are not of one kind, and of no value together.
    await expect(valuePolicy(archive, question)).rejects.toThrow(/places 2, 5 were drawn.*--position/);
    expect(await valuePolicy(archive, { ...question, position: 5 })).toMatchObject({ drawCount: 1, positions: [5] });
    expect((await readDraws(archive, { ...question, experiment: 'of-fresh' })).draws).toHaveLength(2);
    expect((await readDraws(archive, { ...question, experiment: 'of-fres' })).draws).toEqual([]);
    await archive.close();
    rmSync(folder, { recursive: true });
  });
});
