/**
 * Viewers as columns; who comes after the history is added as time goes on. What a viewer likes is a handful of interests, each with a strength and a time: most last, one
 * fades during the history and one comes up, which is how tastes drift.
 */
import type { Random } from '@watchnext/learning';
import { topicWeight } from './catalogue';
import { grown } from './columns';
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
  count = 0;
  country!: Uint8Array;
  speaksEnglish!: Uint8Array;
  ageYears!: Uint8Array;
  /** 1 female, 2 male, 3 other, as in the contract. */
  gender!: Uint8Array;
  /** Index in `DEVICES` of the one most used. */
  device!: Uint8Array;
  bot!: Uint8Array;
  /** Mean sessions of a day. */
  sessionsPerDay!: Float64Array;
  /** How much later than others this viewer's day is. */
  phaseHours!: Float64Array;
  /** How much more readily than others it clicks, as a shift of the log-odds. */
  eagerness!: Float64Array;
  /** Days since the start of the history; −∞ for who was there before, ∞ for what never happens. */
  joinDay!: Float64Array;
  leaveDay!: Float64Array;
  /** −∞ for who is always logged in, ∞ for who never is. */
  loginDay!: Float64Array;
  /** [count × INTERESTS] */
  interestTopic!: Uint8Array;
  interestStrength!: Float64Array;
  interestFromDay!: Float64Array;
  interestToDay!: Float64Array;
  /** [count × STYLE_DIMENSIONS] */
  style!: Float64Array;

  constructor(
    private readonly options: Required<WorldOptions>,
    private readonly random: Random,
  ) {
    this.reserve(options.viewerCount);
    while (this.count < options.viewerCount) this.draw();
  }

  /** As many come after the history as came during it. */
  get newcomersPerDay(): number {
    return (NEWCOMER_SHARE * this.options.viewerCount) / this.options.dayCount;
  }

  /**
   * Adds the next viewer to come after the history, if that is until `untilDay`. When one comes and what it is depends on
   * the seed and on how many came before: each has its own stretch of time, as long as they are apart on average.
   *
   * @returns whether one came
   */
  welcome(untilDay: number): boolean {
    const { viewerCount, dayCount } = this.options;
    const nth = this.count - viewerCount;
    const within = this.random.fork(`coming of viewer ${this.count}`).next();
    const joinDay = dayCount + (nth + within) / this.newcomersPerDay;
    if (joinDay > untilDay) return false;
    if (this.count === this.country.length) this.reserve(2 * this.count);
    this.draw(joinDay);
    return true;
  }

  /** @param joinDay of who comes after the history */
  private draw(joinDay?: number): void {
    const { options } = this;
    const index = this.count++;
    const random = this.random.fork(`viewer ${index}`);
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
    this.drawPresence(index, joinDay, random);
    this.drawInterests(index, options.dayCount, random, joinDay);
    drawStyle(random, this.style, index * STYLE_DIMENSIONS);
  }

  private drawPresence(index: number, comesOnDay: number | undefined, random: Random): void {
    const { dayCount } = this.options;
    const joinDay = comesOnDay ?? (random.next() < NEWCOMER_SHARE ? random.next() * dayCount : -Infinity);
    this.joinDay[index] = joinDay;
    const since = Math.max(0, joinDay);
    // Within what is left of the history; who comes after it has the length of one before it.
    const leftDays = comesOnDay === undefined ? dayCount - since : dayCount;
    this.leaveDay[index] = random.next() < LEAVER_SHARE ? since + random.next() * leftDays : Infinity;
    const kind = random.next();
    // The first login is mostly early.
    const loginShare = random.next() * random.next();
    this.loginDay[index] =
      kind < ANONYMOUS_SHARE
        ? Infinity
        : kind < ANONYMOUS_SHARE + LATER_LOGIN_SHARE
          ? since + loginShare * leftDays
          : -Infinity;
  }

  private drawInterests(index: number, dayCount: number, random: Random, sinceDay = 0): void {
    const liking = this.likingOf(index);
    for (let slot = 0; slot < INTERESTS; slot++) {
      const k = pickWeighted(liking, random);
      liking[k] = 0;
      this.interestTopic[index * INTERESTS + slot] = k;
      this.drawInterest(index, slot, dayCount, random, sinceDay);
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

  /** How strong an interest is, and when. Tastes drift over the length of a history from `sinceDay` on. */
  drawInterest(index: number, slot: number, dayCount: number, random: Random, sinceDay = 0): void {
    const at = index * INTERESTS + slot;
    // Two loves and a mild interest last; what fades and what comes up is loved.
    const isMild = slot === 2;
    this.interestStrength[at] = clamp(isMild ? 0.25 + 0.25 * random.next() : 0.65 + 0.35 * random.next(), 0, 1);
    if (slot === FADING) this.interestToDay[at] = sinceDay + dayCount * (0.1 + 1.4 * random.next());
    if (slot === RISING) this.interestFromDay[at] = sinceDay + dayCount * (-0.5 + 1.4 * random.next());
  }

  private reserve(capacity: number): void {
    this.country = grown(this.country, new Uint8Array(capacity));
    this.speaksEnglish = grown(this.speaksEnglish, new Uint8Array(capacity));
    this.ageYears = grown(this.ageYears, new Uint8Array(capacity));
    this.gender = grown(this.gender, new Uint8Array(capacity));
    this.device = grown(this.device, new Uint8Array(capacity));
    this.bot = grown(this.bot, new Uint8Array(capacity));
    this.sessionsPerDay = grown(this.sessionsPerDay, new Float64Array(capacity));
    this.phaseHours = grown(this.phaseHours, new Float64Array(capacity));
    this.eagerness = grown(this.eagerness, new Float64Array(capacity));
    this.joinDay = grown(this.joinDay, new Float64Array(capacity));
    this.leaveDay = grown(this.leaveDay, new Float64Array(capacity));
    this.loginDay = grown(this.loginDay, new Float64Array(capacity));
    this.interestTopic = grown(this.interestTopic, new Uint8Array(capacity * INTERESTS));
    this.interestStrength = grown(this.interestStrength, new Float64Array(capacity * INTERESTS));
    this.interestFromDay = grown(this.interestFromDay, new Float64Array(capacity * INTERESTS).fill(-Infinity));
    this.interestToDay = grown(this.interestToDay, new Float64Array(capacity * INTERESTS).fill(Infinity));
    this.style = grown(this.style, new Float64Array(capacity * STYLE_DIMENSIONS));
  }
}
