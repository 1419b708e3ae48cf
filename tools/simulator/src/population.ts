/**
 * Viewers as columns. What a viewer likes is a handful of interests, each with a strength and a time: most last, one
 * fades during the history and one comes up, which is how tastes drift.
 */
import type { Random } from '@watchnext/learning';
import { topicWeight } from './catalogue';
import { clamp, drawStyle, pickWeighted, STYLE_DIMENSIONS } from './draws';
import type { WorldOptions } from './parameters';
import { COUNTRIES_OF_THE_WORLD, ENGLISH, TOPICS_OF_THE_WORLD } from './topics';

export const INTERESTS = 5;
/** The fourth interest fades and the fifth comes up; the others last. */
const FADING = 3;
const RISING = 4;

/** Log-normal spread of how much viewers watch: the busiest tenth has more than a third of all sessions. */
const ACTIVITY_SPREAD = 0.9;
const EAGERNESS_SPREAD = 0.5;
const MOST_SESSIONS_PER_DAY = 6;
const NEWCOMER_SHARE = 0.25;
const LEAVER_SHARE = 0.12;
const BOT_SHARE = 0.002;
const BOT_SESSIONS_PER_DAY = 2;
/** Never log in. */
const ANONYMOUS_SHARE = 0.1;
/** Are anonymous when they come, and log in some time later. */
const LATER_LOGIN_SHARE = 0.12;

export class Population {
  readonly count: number;
  readonly country: Uint8Array;
  readonly speaksEnglish: Uint8Array;
  readonly ageYears: Uint8Array;
  /** 1 female, 2 male, 3 other, as in the contract. */
  readonly gender: Uint8Array;
  /** Index in `DEVICES` of the one most used. */
  readonly device: Uint8Array;
  readonly bot: Uint8Array;
  /** Mean sessions of a day. */
  readonly sessionsPerDay: Float64Array;
  /** How much later than others this viewer's day is. */
  readonly phaseHours: Float64Array;
  /** How much more readily than others it clicks, as a shift of the log-odds. */
  readonly eagerness: Float64Array;
  /** Days since the start of the history; −∞ for who was there before, ∞ for what never happens. */
  readonly joinDay: Float64Array;
  readonly leaveDay: Float64Array;
  /** −∞ for who is always logged in, ∞ for who never is. */
  readonly loginDay: Float64Array;
  /** [count × INTERESTS] */
  readonly interestTopic: Uint8Array;
  readonly interestStrength: Float64Array;
  readonly interestFromDay: Float64Array;
  readonly interestToDay: Float64Array;
  /** [count × STYLE_DIMENSIONS] */
  readonly style: Float64Array;

  constructor(options: Required<WorldOptions>, random: Random) {
    const count = options.viewerCount;
    this.count = count;
    this.country = new Uint8Array(count);
    this.speaksEnglish = new Uint8Array(count);
    this.ageYears = new Uint8Array(count);
    this.gender = new Uint8Array(count);
    this.device = new Uint8Array(count);
    this.bot = new Uint8Array(count);
    this.sessionsPerDay = new Float64Array(count);
    this.phaseHours = new Float64Array(count);
    this.eagerness = new Float64Array(count);
    this.joinDay = new Float64Array(count);
    this.leaveDay = new Float64Array(count);
    this.loginDay = new Float64Array(count);
    this.interestTopic = new Uint8Array(count * INTERESTS);
    this.interestStrength = new Float64Array(count * INTERESTS);
    this.interestFromDay = new Float64Array(count * INTERESTS).fill(-Infinity);
    this.interestToDay = new Float64Array(count * INTERESTS).fill(Infinity);
    this.style = new Float64Array(count * STYLE_DIMENSIONS);
    for (let index = 0; index < count; index++) this.draw(index, options, random.fork(`viewer ${index}`));
  }

  private draw(index: number, options: Required<WorldOptions>, random: Random): void {
    const country = pickWeighted(
      COUNTRIES_OF_THE_WORLD.map(({ share }) => share),
      random,
    );
    const { englishShare, language } = COUNTRIES_OF_THE_WORLD[country];
    const ageYears = 16 + Math.floor(27 * (random.next() + random.next()));
    const gender = 1 + pickWeighted([0.48, 0.48, 0.04], random);
    this.country[index] = country;
    this.speaksEnglish[index] = language === ENGLISH || random.next() < englishShare ? 1 : 0;
    this.ageYears[index] = ageYears;
    this.gender[index] = gender;
    this.device[index] = pickWeighted([0.6, 0.25, 0.15], random);
    this.bot[index] = random.next() < BOT_SHARE ? 1 : 0;
    const spread = Math.exp(ACTIVITY_SPREAD * random.gaussian() - (ACTIVITY_SPREAD * ACTIVITY_SPREAD) / 2);
    this.sessionsPerDay[index] = this.bot[index]
      ? BOT_SESSIONS_PER_DAY
      : Math.min(MOST_SESSIONS_PER_DAY, options.sessionsPerViewerDay * spread);
    this.phaseHours[index] = 1.5 * random.gaussian();
    this.eagerness[index] = EAGERNESS_SPREAD * random.gaussian();
    this.drawPresence(index, options.dayCount, random);
    this.drawInterests(index, options.dayCount, random);
    drawStyle(random, this.style, index * STYLE_DIMENSIONS);
  }

  private drawPresence(index: number, dayCount: number, random: Random): void {
    this.joinDay[index] = random.next() < NEWCOMER_SHARE ? random.next() * dayCount : -Infinity;
    const since = Math.max(0, this.joinDay[index]);
    this.leaveDay[index] = random.next() < LEAVER_SHARE ? since + random.next() * (dayCount - since) : Infinity;
    const kind = random.next();
    // The first login lies within what is left of the history, mostly early in it.
    const loginShare = random.next() * random.next();
    this.loginDay[index] =
      kind < ANONYMOUS_SHARE
        ? Infinity
        : kind < ANONYMOUS_SHARE + LATER_LOGIN_SHARE
          ? since + loginShare * (dayCount - since)
          : -Infinity;
  }

  private drawInterests(index: number, dayCount: number, random: Random): void {
    const liking = this.likingOf(index);
    for (let slot = 0; slot < INTERESTS; slot++) {
      const k = pickWeighted(liking, random);
      liking[k] = 0;
      this.interestTopic[index * INTERESTS + slot] = k;
      this.drawInterest(index, slot, dayCount, random);
    }
  }

  /** How much people like this viewer take to each topic: interests are drawn by it, none twice. */
  likingOf(index: number): number[] {
    const ageYears = this.ageYears[index];
    const lean = this.gender[index] === 1 ? 1 : this.gender[index] === 2 ? -1 : 0;
    return TOPICS_OF_THE_WORLD.map((topic, k) => {
      const apart = (ageYears - topic.centreAgeYears) / 15;
      return topicWeight(k) * (0.25 + Math.exp(-apart * apart)) * Math.max(0.1, 1 + 1.5 * lean * topic.femaleLean);
    });
  }

  /** How strong an interest is, and when. */
  drawInterest(index: number, slot: number, dayCount: number, random: Random): void {
    const at = index * INTERESTS + slot;
    // Two loves and a mild interest last; what fades and what comes up is loved.
    const isMild = slot === 2;
    this.interestStrength[at] = clamp(isMild ? 0.25 + 0.25 * random.next() : 0.65 + 0.35 * random.next(), 0, 1);
    if (slot === FADING) this.interestToDay[at] = dayCount * (0.1 + 1.4 * random.next());
    if (slot === RISING) this.interestFromDay[at] = dayCount * (-0.5 + 1.4 * random.next());
  }
}
