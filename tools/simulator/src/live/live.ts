/**
 * The world alive, in real or in compressed time: viewers come as their days have it, new ones among them, ask the gateway
 * for a list, look, click, watch, search, watch what others sent them, log in, and producers upload. It speaks only the public
 * HTTP API.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { DAY_MS } from '@watchnext/features';
import type { Random } from '@watchnext/learning';
import { ELSEWHERE_AFTER_MS } from '../habits';
import { ViewerMemory } from '../memory';
import type { EventSink } from '../sink';
import { deviceIndex, Truth } from '../truth';
import type { Viewer, World } from '../world';
import { Arrivals, meanSessionsPerDay } from './arrivals';
import { WorldClock } from './clock';
import { Delivery, type DeliverySetting } from './delivery';
import { Elsewhere } from './elsewhere';
import { EventFactory } from './events';
import type { GatewayClient, Recommendations } from '@watchnext/clients';
import { playPage, playWatch, type Instant, type PageSetting, type PlayedPage } from './page';
import { asTold, type OnTold, Schedule } from './schedule';
import { runSession, type SessionSetting } from './session';
import { Turns } from './turns';

export interface LiveOptions {
  readonly world: World;
  /** By viewer index, of who was there during the history; moved on by what the viewers meet. */
  readonly memories: readonly ViewerMemory[];
  readonly gateway: GatewayClient;
  readonly sink: EventSink;
  /**
   * By the clock, on average over a week of the world's, however many have come to it; default: as many as the world has
   * by itself at this speed.
   */
  readonly sessionsPerMinute?: number;
  /**
   * How many times faster than the clock the world lives. A session of half an hour then fits into a minute, and its
   * watches into the minutes after which an impression is learned from; positions are still reported in full.
   */
  readonly speed: number;
  /** The world's time; default: `speed` times the clock's since the end of the history. */
  readonly clock?: WorldClock;
  /** Of the world's time. */
  readonly uploadEveryMs: number;
  readonly pageSize?: number;
  readonly mishaps?: DeliverySetting['mishaps'];
  /** See `Membership`; default 0.05. */
  readonly loginShare?: number;
  /** Called for what failed; the session is over, the world goes on. */
  readonly onError: (error: Error) => void;
}

export interface LiveCounts {
  sessions: number;
  /** Viewers who came while as many as can be were there already. */
  turnedAway: number;
  pages: number;
  watches: number;
  /** Of the watches, those that no list led to. */
  watchesElsewhere: number;
  watchSeconds: number;
  newcomers: number;
  logins: number;
  uploads: number;
  failures: number;
}

/** More sessions than this at once mean that the services cannot keep up. */
const MOST_SESSIONS_AT_ONCE = 50;
/** A sink that is full lets nothing in until the collector takes something, which may be never. */
const STOP_LIMIT_MS = 2_000;
const SCHEDULE_CHECK_MS = 5_000;
const MINUTES_PER_DAY = 1_440;
const PAGE_SIZE = 10;

export class LiveSimulator {
  readonly counts: LiveCounts = {
    sessions: 0,
    turnedAway: 0,
    pages: 0,
    watches: 0,
    watchesElsewhere: 0,
    watchSeconds: 0,
    newcomers: 0,
    logins: 0,
    uploads: 0,
    failures: 0,
  };
  readonly clock: WorldClock;
  private readonly stopping = new AbortController();
  /** All that goes on, sessions among it. */
  private readonly running = new Set<Promise<void>>();
  private sessionsNow = 0;
  private readonly random: Random;
  private readonly setting: PageSetting;
  private readonly session: SessionSetting;
  private readonly arrivals: Arrivals;
  private readonly delivery: Delivery;
  private readonly schedule: Schedule;
  private readonly elsewhere: Elsewhere;
  /** Who logged in since, by index. */
  private readonly loggedIn = new Map<number, Viewer>();
  private readonly memories: ViewerMemory[];
  private readonly turns = new Turns();
  /** Of the world's time: who came before has long gone on with something else. */
  private startedMs = Infinity;

  constructor(private readonly options: LiveOptions) {
    const { world, speed, pageSize = PAGE_SIZE } = options;
    // Every session in progress listens to it.
    setMaxListeners(0, this.stopping.signal);
    this.clock = options.clock ?? new WorldClock(world.options.endMs, speed);
    // Forked by the moment too: a second run of the same world must not repeat the event ids of the first.
    this.random = world.random.fork(`live ${Date.now()}`);
    const truth = new Truth(world);
    const factory = new EventFactory(this.random.fork('ids'));
    this.setting = { truth, factory, random: this.random, speed };
    const { signal } = this.stopping;
    this.delivery = new Delivery({
      ...options,
      ...this.setting,
      signal,
      pause: (ms) => this.pause(ms),
      background: (work) => this.background(work),
    });
    this.session = {
      ...options,
      ...this.setting,
      pageSize,
      signal,
      now: () => this.now(),
      play: (viewer, list) => this.play(viewer, list),
      watchElsewhere: (viewer) => this.watchElsewhere(viewer),
    };
    this.memories = [...options.memories];
    this.elsewhere = new Elsewhere(world, truth);
    const { sessionsPerMinute } = options;
    const perDay = sessionsPerMinute && (sessionsPerMinute * MINUTES_PER_DAY) / this.clock.speed;
    this.arrivals = new Arrivals(world, this.random.fork('arrivals'), perDay);
    this.schedule = new Schedule({
      ...options,
      clock: this.clock,
      signal,
      onUpload: () => this.counts.uploads++,
      onNewcomer: (viewer, atMs) => this.welcome(viewer, atMs),
      onLogin: (viewer) => {
        this.loggedIn.set(viewer.index, viewer);
        this.counts.logins++;
      },
      whenFree: ({ index }, work) => {
        const isBusy = this.turns.isBusy(index);
        const done = this.turns.take(index, () => work(isBusy));
        if (!isBusy) return done;
        this.background(done);
        return Promise.resolve();
      },
    });
  }

  /** Sessions a minute of the clock: on average over a week of the world's, and at this moment. */
  get rate(): { readonly mean: number; readonly now: number } {
    return {
      mean: this.options.sessionsPerMinute ?? this.ownRate(),
      now: (this.arrivals.sessionsPerDay(this.clock.nowMs) * this.clock.speed) / MINUTES_PER_DAY,
    };
  }

  /** Whoever came, logged in or was uploaded while nothing ran is told of before the first session. */
  start(): void {
    this.startedMs = this.clock.nowMs;
    this.background(this.live());
  }

  /** Tells what the world has due by itself, also from while nothing ran; `start` keeps doing so. */
  catchUp(onTold?: OnTold): Promise<void> {
    return this.schedule.tellDue(onTold);
  }

  /** The same of uploads alone, for a world in which nobody comes or logs in. */
  uploadDue(): Promise<void> {
    return this.schedule.tellUploads();
  }

  /** A viewer as it is known now. */
  viewer(index: number): Viewer {
    return this.loggedIn.get(index) ?? this.options.world.viewerAt(index);
  }

  /**
   * Ends every session with the page it is at, which is told to its end at once. What the sink has not let in after
   * two seconds is not told.
   */
  async stop(): Promise<void> {
    this.stopping.abort();
    const limit = new AbortController();
    try {
      await Promise.race([
        Promise.allSettled(this.running),
        sleep(STOP_LIMIT_MS, undefined, { signal: limit.signal }).catch(() => undefined),
      ]);
    } finally {
      limit.abort();
    }
  }

  /** Lets a viewer look at a list that was served, now, as in a session; resolves when the page is done with. */
  async play(viewer: Viewer, list: Recommendations): Promise<PlayedPage['watches']> {
    const { world } = this.options;
    const items = list.items.flatMap(({ impressionId, videoId }) => {
      const video = world.video(videoId);
      return video === undefined ? [] : [{ impressionId, video: asTold(video, this.clock) }];
    });
    if (items.length === 0) return [];
    const page = { requestId: list.requestId, items };
    const played = playPage(this.setting, viewer, page, this.now(), this.memoryOf(viewer));
    this.counts.pages++;
    this.counts.watches += played.watches.length;
    this.counts.watchSeconds += played.watches.reduce((sum, watch) => sum + watch.watchSeconds, 0);
    for (const event of played.events) await this.delivery.send(event);
    return played.watches;
  }

  /** As `play`, without waiting; `stop` cuts it short. */
  playInBackground(viewer: Viewer, list: Recommendations): void {
    this.background(this.play(viewer, list).then(() => undefined));
  }

  private async live(): Promise<void> {
    await this.guarded(this.catchUp());
    this.background(this.happenings());
    for (let from = this.clock.nowMs; ;) {
      const { atMs, viewerIndex } = this.arrivals.after(from);
      from = atMs;
      await this.pause(Math.max(0, this.clock.clockMsAt(atMs) - this.now().clockMs));
      if (viewerIndex !== undefined) this.beginSession(viewerIndex);
    }
  }

  private async happenings(): Promise<void> {
    const { world, uploadEveryMs } = this.options;
    const every = Math.min(uploadEveryMs, DAY_MS / world.population.newcomersPerDay) / this.clock.speed;
    for (;;) {
      await this.pause(Math.min(SCHEDULE_CHECK_MS, every));
      await this.guarded(this.catchUp());
    }
  }

  private welcome(viewer: Viewer, atMs: number): void {
    this.counts.newcomers++;
    if (atMs < this.startedMs) return;
    // Who comes anew has come for something.
    if (this.random.next() < this.arrivals.firstSessionShare(atMs)) this.beginSession(viewer.index);
  }

  private beginSession(viewerIndex: number): void {
    if (this.sessionsNow >= MOST_SESSIONS_AT_ONCE) {
      this.counts.turnedAway++;
      return;
    }
    this.counts.sessions++;
    this.sessionsNow++;
    const session = this.turns.take(viewerIndex, () => runSession(this.session, this.viewer(viewerIndex)));
    this.background(session.finally(() => this.sessionsNow--));
  }

  private async watchElsewhere(viewer: Viewer): Promise<void> {
    const { clockMs, worldMs } = this.now();
    const memory = this.memoryOf(viewer);
    const moment = this.setting.truth.momentOf(viewer.index, worldMs, deviceIndex(viewer.device));
    const drawn = this.elsewhere.draw(moment, memory, this.random);
    if (drawn === undefined) return;
    const { videoIndex, watchSeconds } = drawn;
    const video = asTold(this.options.world.videoAt(videoIndex), this.clock);
    const fromMs = clockMs + ELSEWHERE_AFTER_MS / this.clock.speed;
    const { events } = playWatch(this.setting, viewer, video, '', watchSeconds, fromMs);
    memory.recordWatched(videoIndex);
    this.counts.watches++;
    this.counts.watchesElsewhere++;
    this.counts.watchSeconds += watchSeconds;
    for (const event of events) await this.delivery.send(event);
  }

  private memoryOf({ index }: Viewer): ViewerMemory {
    return (this.memories[index] ??= new ViewerMemory());
  }

  private ownRate(): number {
    return (meanSessionsPerDay(this.options.world, this.clock.nowMs) * this.clock.speed) / MINUTES_PER_DAY;
  }

  private now(): Instant {
    const clockMs = Date.now();
    return { clockMs, worldMs: this.clock.worldMsAt(clockMs) };
  }

  private pause(ms: number): Promise<void> {
    // A timer takes no longer than a month, nor does anybody wait so long.
    return sleep(Math.min(ms, DAY_MS), undefined, { signal: this.stopping.signal });
  }

  private background(work: Promise<void>): void {
    const guarded = this.guarded(work).finally(() => this.running.delete(guarded));
    this.running.add(guarded);
  }

  private guarded(work: Promise<void>): Promise<void> {
    return work.catch((error: Error) => {
      if (this.stopping.signal.aborted) return;
      this.counts.failures++;
      this.options.onError(error);
    });
  }
}
