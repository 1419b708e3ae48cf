import { DAY_MS } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { evaluateLists, trueEffect, Truth, ViewerMemory, World, chooseViewers, memoriesOf } from './index';
import { LifeTeller } from './life/life';
import { MOST_VIDEOS } from './parameters';
import { INTERESTS } from './population';
import { TOPICS_OF_THE_WORLD } from './topics';

const endMs = Date.UTC(2026, 10, 23);
const world = new World({ seed: 7, viewerCount: 400, videoCount: 400, dayCount: 30, endMs, sessionsPerViewerDay: 0.2 });
const truth = new Truth(world);
const { population } = world;
const everybody = Array.from({ length: population.count }, (_, index) => index);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the world', () => {
  it('holds no more videos than can be told apart, however it is described', () => {
    const described = { ...world.options, videoCount: MOST_VIDEOS + 1 };
    expect(() => new World(described)).toThrow(new RangeError('videoCount must be at most 2097152'));
  });

  it('has words that belong to one topic each, in every language', () => {
    const topicsOf = new Map<string, Set<string>>();
    for (const { name, words } of TOPICS_OF_THE_WORLD) {
      expect(words).toHaveLength(6);
      for (const word of words.flat()) topicsOf.set(word, (topicsOf.get(word) ?? new Set()).add(name));
    }
    expect([...topicsOf].filter(([, topics]) => topics.size > 1)).toEqual([]);
  });

  it('is the same world at another time, but for the time', () => {
    const later = new World({ ...world.options, endMs: endMs + 5 * DAY_MS + 1_234 });
    const shift = later.options.endMs - endMs;
    const told = [world, later].map((each) => {
      const watches: string[] = [];
      new LifeTeller(each).tell(3, {
        watched: (video, position, seconds, parts, fromMs) =>
          watches.push(`${video} ${position} ${seconds} ${parts} ${fromMs - (each === later ? shift : 0)}`),
      });
      return watches;
    });
    expect(told[0].length).toBeGreaterThan(0);
    expect(told[1]).toEqual(told[0]);
  });

  it('has heavy and light viewers, newcomers every few days, leavers, anonymous ones and programs', () => {
    const large = new World({ ...world.options, viewerCount: 5_000 }).population;
    const rates = [...large.sessionsPerDay].sort((a, b) => b - a);
    const busiestTenth = rates.slice(0, 500).reduce((a, b) => a + b) / rates.reduce((a, b) => a + b);
    expect(busiestTenth).toBeGreaterThan(0.25);
    const days = new Set([...large.joinDay].filter(Number.isFinite).map(Math.floor));
    expect(days.size).toBe(30);
    const share = (column: ArrayLike<number>, holds: (value: number) => boolean) =>
      Array.from(column).filter(holds).length / large.count;
    expect(share(large.leaveDay, Number.isFinite)).toBeCloseTo(0.12, 1);
    expect(share(large.loginDay, (day) => day === Infinity)).toBeCloseTo(0.1, 1);
    expect(share(large.loginDay, (day) => Number.isFinite(day) && day > 0)).toBeCloseTo(0.12, 1);
    expect(share(large.bot, (bot) => bot === 1)).toBeGreaterThan(0);
  });

  it('has days and evenings by the viewer’s own clock', () => {
    const byCountry = new Map<number, number[]>();
    const teller = new LifeTeller(world);
    for (const viewer of everybody) {
      const hours = byCountry.get(population.country[viewer]) ?? new Array<number>(24).fill(0);
      byCountry.set(population.country[viewer], hours);
      teller.tell(viewer, {
        served: (_page, { atMs }) => void hours[Math.floor((atMs - world.startMs) / 3_600_000) % 24]++,
      });
    }
    const busiest = (country: number) => {
      const hours = byCountry.get(country)!;
      const smooth = hours.map((_, h) => hours[(h + 23) % 24] + hours[h] + hours[(h + 1) % 24]);
      return smooth.indexOf(Math.max(...smooth));
    };
    // About 20:00 in Germany is 19:00 UTC; in the United States it is 02:00 the next day.
    const [us, , de] = [0, 1, 2].map(busiest);
    expect(Math.abs(de - 19)).toBeLessThanOrEqual(4);
    expect(Math.min(Math.abs(us - 2), Math.abs(us - 26))).toBeLessThanOrEqual(4);
  });

  it('makes young and old, women and men like different things', () => {
    const large = new World({ ...world.options, viewerCount: 4_000 }).population;
    const gaming = TOPICS_OF_THE_WORLD.findIndex(({ name }) => name === 'gaming');
    const crafts = TOPICS_OF_THE_WORLD.findIndex(({ name }) => name === 'crafts');
    const ages = { fans: [] as number[], others: [] as number[] };
    const craftsBy = [0, 0, 0, 0];
    for (let viewer = 0; viewer < large.count; viewer++) {
      const loves = Array.from(large.interestTopic.subarray(viewer * INTERESTS, viewer * INTERESTS + 2));
      (loves.includes(gaming) ? ages.fans : ages.others).push(large.ageYears[viewer]);
      if (loves.includes(crafts)) craftsBy[large.gender[viewer]]++;
    }
    expect(mean(ages.fans)).toBeLessThan(mean(ages.others) - 3);
    expect(craftsBy[1]).toBeGreaterThan(2 * craftsBy[2]);
  });
});

describe('the truth of a viewer', () => {
  const viewer = world.viewers[11];
  const nothing = new ViewerMemory();

  it('drifts: what is liked at the end is not all that was liked at the start', () => {
    const changed = everybody.filter((index) => {
      const [from, to] = [world.startMs, endMs].map((atMs) => truth.momentOf(index, atMs));
      return from.interests.some(
        (value, k) => k !== from.intent && k !== to.intent && Math.abs(value - to.interests[k]) > 0.4,
      );
    });
    expect(changed.length / everybody.length).toBeGreaterThan(0.5);
    // And slowly: from one day to the next little changes but what is on the mind.
    const [today, tomorrow] = [endMs - 10 * DAY_MS, endMs - 9 * DAY_MS].map((atMs) => truth.momentOf(11, atMs));
    for (let k = 0; k < TOPICS_OF_THE_WORLD.length; k++) {
      if (k !== today.intent && k !== tomorrow.intent)
        expect(Math.abs(today.interests[k] - tomorrow.interests[k])).toBeLessThan(0.25);
    }
  });

  it('asks for the language of the viewer', () => {
    const german = everybody.find(
      (index) => world.viewers[index].country === 'DE' && population.speaksEnglish[index] === 0,
    )!;
    const moment = truth.momentOf(german, endMs);
    const values = new Map<number, number[]>();
    for (const { index, channel } of world.videos)
      values.set(channel.languageIndex, [
        ...(values.get(channel.languageIndex) ?? []),
        truth.attractionAt(moment, index, nothing),
      ]);
    expect(mean(values.get(1)!)).toBeGreaterThan(2 * mean(values.get(0)!));
  });

  it("has no list that is worth more than the oracle's", () => {
    const best = truth.oracleList(viewer, 10, endMs, nothing);
    const valueOf = (videos: typeof best) => truth.listWatchSeconds(viewer, videos, endMs, nothing);
    const values = world.videos.map((video) => truth.expectedWatchSeconds(viewer, video, 0, endMs, nothing));
    expect(truth.expectedWatchSeconds(viewer, best[0], 0, endMs, nothing)).toBeCloseTo(Math.max(...values), 9);
    const other = [...best.slice(0, 9), world.videos[values.indexOf(Math.min(...values))]];
    const lost = valueOf(best) - valueOf(other);
    const swapped =
      truth.expectedWatchSeconds(viewer, best[9], 9, endMs, nothing) -
      truth.expectedWatchSeconds(viewer, other[9], 9, endMs, nothing);
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeCloseTo(swapped, 9);
    expect(valueOf(best.slice(0, 4))).toBeLessThan(valueOf(best));
  });

  it('keeps those who were shown what they like, and loses those who were baited', () => {
    const video = world.videos[0];
    const stays = (share: number) =>
      truth.sessionGoesOn([{ videoIndex: 0, watchSeconds: share * video.durationSeconds }]);
    expect(stays(0.9)).toBeGreaterThan(stays(0.3));
    expect(stays(0.02)).toBeLessThan(truth.sessionGoesOn([]));
  });

  it('draws watch times with the mean that it states', () => {
    const moment = truth.momentOf(11, endMs);
    const [best] = truth.oracleList(viewer, 1, endMs, nothing);
    const random = createRandom(3);
    const drawn = Array.from({ length: 20_000 }, () => truth.drawWatchSecondsAt(moment, best.index, random));
    const expected = best.durationSeconds * truth.meanShareAt(moment, best.index);
    const centre = mean(drawn);
    const error = Math.sqrt(mean(drawn.map((value) => (value - centre) ** 2)) / drawn.length);
    expect(Math.abs(centre - expected)).toBeLessThan(4 * error);
    expect(Math.max(...drawn)).toBe(best.durationSeconds);
    for (const cap of [0.05, 0.5, 0.99].map((share) => share * best.durationSeconds)) {
      const capped = mean(drawn.map((value) => Math.min(value, cap)));
      expect(Math.abs(capped - truth.meanCappedWatchSecondsAt(moment, best.index, cap))).toBeLessThan(4 * error);
    }
    expect(truth.meanCappedWatchSecondsAt(moment, best.index, best.durationSeconds)).toBe(expected);
  });
});

describe('the true effect of a change', () => {
  it('is the mean difference of the lists, paired by viewer', async () => {
    const viewers = chooseViewers(world, 30);
    expect(viewers.some(({ bot }) => bot)).toBe(false);
    const memories = memoriesOf(
      world,
      viewers.map(({ index }) => index),
    );
    const best = (name: string, reverse: boolean) => ({
      name,
      list: async (viewer: (typeof viewers)[number], limit: number, atMs: number) => {
        const ids = truth.oracleList(viewer, limit, atMs, memories[viewer.index]).map(({ id }) => id);
        return reverse ? ids.reverse() : ids;
      },
    });
    const [worse, better] = await evaluateLists({
      world,
      memories,
      viewers,
      limit: 10,
      now: () => endMs,
      providers: [best('reversed', true), best('in order', false)],
    });
    const effect = trueEffect(worse, better);
    expect(effect.meanWatchSeconds).toBeCloseTo(better.meanWatchSeconds - worse.meanWatchSeconds, 9);
    expect(effect.meanWatchSeconds).toBeGreaterThan(0);
    // Paired, the difference is far surer than either mean.
    expect(effect.standardError).toBeLessThan(better.standardError);
    expect(trueEffect(better, better)).toEqual({ meanWatchSeconds: 0, standardError: 0 });
  });
});
