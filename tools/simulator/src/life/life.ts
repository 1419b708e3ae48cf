/**
 * A viewer's life during the history: when it comes, what it sees, searches, clicks and watches. A life depends on the
 * world and the viewer only, never on another viewer's, so lives can be lived in any order and on any number of workers.
 */
import { DAY_MS, HOUR_MS } from '@watchnext/features';
import type { Random } from '@watchnext/learning';
import { Demand } from '../demand';
import { pickWeighted, poisson } from '../draws';
import {
  BETWEEN_MS,
  BOT_CLICK_SHARE,
  BOT_PAGES,
  BOT_WATCH_SECONDS,
  DISMISS_SHARE,
  ELSEWHERE_AFTER_MS,
  ELSEWHERE_SHARE,
  HOUR_WEIGHTS,
  IN_PARTS_FROM_SECONDS,
  IN_PARTS_SHARE,
  LOOK_MS,
  MOST_PAGES,
  SEARCH_SHARE,
  SEARCH_SHARE_OF_INTENT,
  UP_NEXT_SHARE,
  USUAL_DEVICE_SHARE,
  WEEKDAY_FACTORS,
} from '../habits';
import { ViewerMemory } from '../memory';
import { COUNTRIES_OF_THE_WORLD, DEVICES } from '../topics';
import { Truth, type Moment } from '../truth';
import type { World } from '../world';
import { drawFromElsewhere } from './elsewhere';
import { FrontPage, searchQuery, type Habits } from './front-page';
import type { LifeRecorder, Page } from './recorder';

export const PAGE_SIZE = 10;
const FOLLOW_FROM_SHARE = 0.5;
const MOST_FOLLOWED = 20;
const RECENT = 8;

export class LifeTeller {
  readonly truth: Truth;
  readonly frontPage: FrontPage;

  constructor(readonly world: World) {
    this.truth = new Truth(world);
    this.frontPage = new FrontPage(world, new Demand(world));
  }

  /** Tells a life from its beginning to the end of the history. @returns what the viewer then remembers */
  tell(viewerIndex: number, recorder: LifeRecorder): ViewerMemory {
    const life = new Life(this.world, this.truth, this.frontPage, viewerIndex, recorder);
    life.live();
    return life.memory;
  }
}

class Life implements Habits {
  readonly memory = new ViewerMemory();
  readonly followed: number[] = [];
  readonly recent: number[] = [];
  private readonly random: Random;
  private readonly isBot: boolean;
  private busyUntilMs = -Infinity;
  private device = 0;

  constructor(
    private readonly world: World,
    private readonly truth: Truth,
    private readonly frontPage: FrontPage,
    readonly viewerIndex: number,
    private readonly recorder: LifeRecorder,
  ) {
    this.random = world.random.fork(`life ${viewerIndex}`);
    this.isBot = world.population.bot[viewerIndex] === 1;
  }

  live(): void {
    const { startMs, options, population } = this.world;
    const atDay = (day: number) => Math.floor(startMs + day * DAY_MS);
    const loginDay = population.loginDay[this.viewerIndex];
    const lastDay = Math.min(population.leaveDay[this.viewerIndex], options.dayCount);
    if (loginDay <= 0) this.recorder.registered?.(atDay(Math.max(0, population.joinDay[this.viewerIndex])));
    let loginMs = loginDay > 0 && loginDay < lastDay ? atDay(loginDay) : Infinity;
    for (const startedAtMs of this.sessionStarts()) {
      const atMs = Math.max(startedAtMs, this.busyUntilMs + 1_000);
      if (atMs >= options.endMs) break;
      if (atMs >= loginMs) {
        this.recorder.loggedIn?.(loginMs);
        loginMs = Infinity;
      }
      if (this.isBot) this.crawl(atMs);
      else this.session(atMs);
    }
    if (loginMs < options.endMs) this.recorder.loggedIn?.(Math.max(loginMs, this.busyUntilMs + 1_000));
  }

  private sessionStarts(): number[] {
    const { viewerIndex, random } = this;
    const { population, startMs, options } = this.world;
    const joinDay = population.joinDay[viewerIndex];
    const lastDay = Math.min(population.leaveDay[viewerIndex], options.dayCount);
    const offsetHours = COUNTRIES_OF_THE_WORLD[population.country[viewerIndex]].utcOffsetHours;
    // Who comes anew has come for something.
    const starts = joinDay >= 0 ? [Math.ceil(startMs + joinDay * DAY_MS)] : [];
    for (let day = Math.max(0, Math.floor(joinDay)); day < lastDay; day++) {
      const mean = population.sessionsPerDay[viewerIndex] * WEEKDAY_FACTORS[day % 7];
      for (let left = poisson(mean, random); left > 0; left--) {
        const localHour = this.isBot ? 24 * random.next() : pickWeighted(HOUR_WEIGHTS, random) + random.next();
        const hour = localHour - offsetHours + population.phaseHours[viewerIndex];
        const at = day + ((((hour % 24) + 24) % 24) * HOUR_MS) / DAY_MS;
        if (at >= joinDay && at < lastDay) starts.push(Math.floor(startMs + at * DAY_MS));
      }
    }
    return starts.sort((a, b) => a - b);
  }

  private session(startMs: number): void {
    const { random, truth } = this;
    const usual = this.world.population.device[this.viewerIndex];
    this.device = random.next() < USUAL_DEVICE_SHARE ? usual : random.nextInt(DEVICES.length);
    const moment = truth.momentOf(this.viewerIndex, startMs, this.device);
    let clockMs = startMs;
    let goesOn = true;
    for (let page = 0; goesOn && page < MOST_PAGES && clockMs < this.world.options.endMs; page++) {
      const watches: { videoIndex: number; watchSeconds: number }[] = [];
      const searchShare = moment.intent === undefined ? SEARCH_SHARE : SEARCH_SHARE_OF_INTENT;
      if (random.next() < searchShare) clockMs = this.search(moment, clockMs, watches);
      else
        clockMs = this.look(
          this.frontPage.home(this, this.memory, clockMs, PAGE_SIZE, random),
          moment,
          clockMs,
          watches,
        );
      const last = watches.at(-1);
      if (last !== undefined && random.next() < UP_NEXT_SHARE) {
        const next = this.frontPage.upNext(this, last.videoIndex, this.memory, clockMs, PAGE_SIZE, random);
        clockMs = this.look(next, moment, clockMs + 1_000, watches);
      }
      if (random.next() < ELSEWHERE_SHARE) clockMs = this.watchFromElsewhere(moment, clockMs);
      clockMs += 5_000 + Math.floor(20_000 * random.next());
      goesOn = random.next() < truth.sessionGoesOn(watches);
    }
    this.busyUntilMs = clockMs;
  }

  private search(moment: Moment, atMs: number, watches: { videoIndex: number; watchSeconds: number }[]): number {
    const topic = moment.intent ?? pickWeighted(moment.interests, this.random);
    this.recorder.searched?.(searchQuery(this.world, this.viewerIndex, topic, this.random), atMs);
    const page = this.frontPage.search(this, topic, this.memory, atMs + 2_000, PAGE_SIZE, this.random);
    return this.look(page, moment, atMs + 2_000, watches);
  }

  /** @returns when the viewer is done with the page */
  private look(
    page: Page,
    sessionMoment: Moment,
    atMs: number,
    watches: { videoIndex: number; watchSeconds: number }[],
  ): number {
    if (page.videos.length === 0) return atMs;
    const { random, recorder, memory } = this;
    // What is liked does not change within a session; what is old does.
    const moment = { ...sessionMoment, atMs };
    recorder.served?.(page, moment, memory);
    const outcome = this.truth.playPageAt(moment, page.videos, memory, random);
    let clockMs = atMs + LOOK_MS;
    recorder.viewed?.(page, outcome, clockMs);
    for (let position = 0; position < outcome.viewedCount; position++) memory.recordShown(page.videos[position], atMs);
    for (const { position, watchSeconds } of outcome.clicks) {
      const video = page.videos[position];
      clockMs = this.watch(video, position, watchSeconds, clockMs + BETWEEN_MS);
      watches.push({ videoIndex: video, watchSeconds });
      if (this.world.catalogue.clickbait[video] === 1 && random.next() < DISMISS_SHARE) {
        recorder.dismissed?.(video, position, clockMs);
        memory.recordDismissed(video);
      }
    }
    return clockMs;
  }

  private watchFromElsewhere(sessionMoment: Moment, atMs: number): number {
    const moment = { ...sessionMoment, atMs };
    const watched = drawFromElsewhere(this.frontPage, this.truth, moment, this.memory, this.random);
    return watched === undefined
      ? atMs
      : this.watch(watched.videoIndex, -1, watched.watchSeconds, atMs + ELSEWHERE_AFTER_MS);
  }

  private watch(video: number, position: number, watchSeconds: number, fromMs: number): number {
    const { random, memory, world } = this;
    const inParts = watchSeconds >= IN_PARTS_FROM_SECONDS && random.next() < IN_PARTS_SHARE;
    this.recorder.watched?.(video, position, watchSeconds, inParts ? 2 + random.nextInt(2) : 1, fromMs, this.device);
    memory.recordWatched(video);
    this.recent[memory.watchedCount % RECENT] = video;
    if (watchSeconds >= FOLLOW_FROM_SHARE * world.catalogue.durationSeconds[video]) this.follow(video);
    return fromMs + Math.floor(watchSeconds * 1_000);
  }

  private follow(video: number): void {
    const channel = this.world.catalogue.channel[video];
    if (this.followed.includes(channel)) return;
    if (this.followed.length === MOST_FOLLOWED) this.followed.shift();
    this.followed.push(channel);
  }

  /** A program that looks at everything and clicks at random, at any hour and without liking anything. */
  private crawl(startMs: number): void {
    const { random, memory, recorder } = this;
    this.device = DEVICES.indexOf('desktop');
    let clockMs = startMs;
    for (let n = 0; n < BOT_PAGES && clockMs < this.world.options.endMs; n++) {
      const page = this.frontPage.home(this, memory, clockMs, PAGE_SIZE, random);
      if (page.videos.length === 0) return;
      recorder.served?.(page, { ...this.truth.momentOf(this.viewerIndex, clockMs, this.device) }, memory);
      const clicks = page.videos.flatMap((_, position) =>
        random.next() < BOT_CLICK_SHARE ? [{ position, watchSeconds: BOT_WATCH_SECONDS }] : [],
      );
      recorder.viewed?.(page, { viewedCount: page.videos.length, clicks }, clockMs + 500);
      for (const video of page.videos) memory.recordShown(video, clockMs);
      clockMs += 1_000;
      for (const { position, watchSeconds } of clicks)
        clockMs = this.watch(page.videos[position], position, watchSeconds, clockMs);
      clockMs += 2_000;
    }
    this.busyUntilMs = clockMs;
  }
}
