import { Event, TOPICS } from '@watchnext/contract';
import { DAY_MS, type RankingExample, replayUser } from '@watchnext/features';
import { impressionScores, LOSS_CAP_SECONDS, type ScoredImpression } from './impression-scores';
import { everyDelivery } from './life/deliver';
import type { Delivery } from './life/story';
import { Truth } from './truth';
import { videoId, World } from './world';

const endMs = Date.UTC(2026, 10, 20, 17, 30);
const options = { seed: 2, viewerCount: 300, videoCount: 200, dayCount: 6, endMs };
const world = new World(options);
const deliveries = everyDelivery(world, false);
const scored = [...impressionScores(world)].flat();
const truth = new Truth(world);

/** What replay makes of the log: each user's records in the order of delivery. */
function examplesOf(lives: readonly (readonly Delivery[])[]): RankingExample[] {
  const byUser = new Map<string, Delivery[]>();
  for (const delivery of lives.flat()) byUser.set(delivery.key, [...(byUser.get(delivery.key) ?? []), delivery]);
  return [...byUser.values()].flatMap((ofUser) => {
    const records = ofUser.map(({ deliveredAtMs, value }, offset) => ({
      topic: TOPICS.activity,
      partition: 0,
      offset,
      timestampMs: deliveredAtMs,
      event: Event.decode(value),
    }));
    return replayUser(records, { joinWindowMs: DAY_MS, logEndMs: Infinity }).rankingExamples;
  });
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Seconds expected of an impression that came into view, where it stands. */
const expectedInView = ({ position, expectedSeconds }: ScoredImpression) => truth.attention(position) * expectedSeconds;

/** How far the seconds watched of these impressions are from what was expected, in standard errors. */
function deviation(some: readonly ScoredImpression[]): number {
  const differences = some.map((one) => one.watchSeconds - expectedInView(one));
  return sum(differences) / Math.sqrt(sum(differences.map((one) => one * one)));
}

describe("the truth's scores of the history", () => {
  it('are one for each impression of the log, with its user, video, place and outcome as replay finds them', () => {
    const ids = new Map(scored.map((one) => [one.impressionId, one]));
    expect(ids.size).toBe(scored.length);
    const examples = examplesOf(deliveries);
    expect(examples.length).toBeGreaterThan(10_000);
    const anonymous = examples.filter(({ userId }) => userId.startsWith('anonymous-'));
    expect(anonymous.length).toBeGreaterThan(0);
    for (const { impressionId, userId, video, servedAtMs, position, clicked, watchSeconds } of examples) {
      const one = ids.get(impressionId);
      const found = one && [
        one.userId,
        videoId(one.videoIndex),
        one.servedAtMs,
        one.position,
        one.clicked,
        one.watchSeconds,
      ];
      const expected = [userId, video.videoId, servedAtMs, position, clicked, watchSeconds];
      if (String(found) !== String(expected)) expect(found).toEqual(expected);
    }
    // What came into view is in the log, and nothing besides but pages that the end cut off.
    const inView = scored.filter(({ viewed }) => viewed);
    expect(new Set(inView.map(({ impressionId }) => impressionId))).toEqual(
      new Set(examples.map(({ impressionId }) => impressionId).filter((id) => ids.get(id)?.viewed)),
    );
    expect(examples.length - inView.length).toBeLessThan(50);
  });

  it('expect what is watched: in all, in each tenth by score, and of what the viewer was shown before', () => {
    const inView = scored.filter(({ viewed, servedAtMs }) => viewed && servedAtMs < endMs - DAY_MS);
    expect(Math.abs(deviation(inView))).toBeLessThan(4);
    const ordered = [...inView].sort((a, b) => a.expectedSeconds - b.expectedSeconds);
    for (let tenth = 0; tenth < 10; tenth++) {
      const some = ordered.slice((tenth * ordered.length) / 10, ((tenth + 1) * ordered.length) / 10);
      expect(Math.abs(deviation(some))).toBeLessThan(4);
    }
    const met = new Set<string>();
    const again = inView.filter(({ userId, videoIndex }) => {
      const pair = `${userId} ${videoIndex}`;
      if (met.has(pair)) return true;
      met.add(pair);
      return false;
    });
    expect(again.length).toBeGreaterThan(1_000);
    expect(Math.abs(deviation(again))).toBeLessThan(4);
    // A memory that forgot the showings would expect too much of them by far.
    const fresh = again.map(({ expectedSeconds, ...one }) => ({ ...one, expectedSeconds: expectedSeconds / 0.7 }));
    expect(deviation(fresh)).toBeLessThan(-4);
  });

  it('know the odds of a click, and nothing of what a program does', () => {
    const { bot } = world.population;
    const ofPrograms = scored.filter(({ userId }) => bot[Number(userId.split('-')[1])] === 1);
    expect(ofPrograms.length).toBeGreaterThan(100);
    expect(new Set(ofPrograms.map(({ leastLossOdds }) => leastLossOdds)).size).toBe(1);
    expect(Math.abs(deviation(ofPrograms.map((one) => ({ ...one, position: 0 }))))).toBeLessThan(4);
    for (const { expectedSeconds, odds } of scored) if (!(odds >= expectedSeconds)) expect(odds).toBe(expectedSeconds);
  });

  it('lose the least in the order that is made for it', () => {
    const pages = new Map<string, ScoredImpression[]>();
    for (const one of scored.filter(({ viewed, servedAtMs }) => viewed && servedAtMs < endMs - DAY_MS)) {
      const page = one.impressionId.slice(0, one.impressionId.lastIndexOf('-'));
      pages.set(page, [...(pages.get(page) ?? []), one]);
    }
    /** Capped seconds of clicks that stand below an unclicked impression of their page, over those of all such pairs. */
    const lossOf = (by: (one: ScoredImpression) => number) => {
      let [misordered, whole] = [0, 0];
      for (const page of pages.values()) {
        for (const clicked of page.filter((one) => one.clicked)) {
          const seconds = Math.min(clicked.watchSeconds, LOSS_CAP_SECONDS);
          for (const other of page.filter((one) => !one.clicked)) {
            whole += seconds;
            misordered += by(other) > by(clicked) ? seconds : by(other) === by(clicked) ? seconds / 2 : 0;
          }
        }
      }
      return misordered / whole;
    };
    const [least, odds, score] = [
      lossOf(({ leastLossOdds }) => leastLossOdds),
      lossOf((one) => one.odds),
      lossOf(({ expectedSeconds }) => expectedSeconds),
    ];
    expect(least).toBeLessThan(Math.min(odds, score));
    expect(lossOf(({ videoIndex }) => world.catalogue.quality[videoIndex])).toBeGreaterThan(score + 0.1);
  });

  it('of a part of the history are those of the whole', () => {
    const fromMs = endMs - 2 * DAY_MS;
    const later = [...impressionScores(world, { fromMs })].flat();
    expect(later).toEqual(scored.filter(({ servedAtMs }) => servedAtMs >= fromMs));
    expect(later.length).toBeGreaterThan(1_000);
  });

  it('change nothing of the log', () => {
    const hashOf = (lives: readonly (readonly Delivery[])[]) => Buffer.concat(lives.flat().map(({ value }) => value));
    expect(hashOf(everyDelivery(world, false)).equals(hashOf(deliveries))).toBe(true);
    expect(hashOf(everyDelivery(new World(options), false)).equals(hashOf(deliveries))).toBe(true);
  });
});
