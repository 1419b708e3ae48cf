/**
 * The world alive, in real or in compressed time: viewers come as their days have it, ask the gateway for a list, look,
 * click, watch, search, log in, and producers upload. It speaks only the public HTTP API.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '@watchnext/contract';
import type { Random } from '@watchnext/learning';
import { videoUpserted } from '../catalogue-events';
import type { ViewerMemory } from '../memory';
import type { EventSink } from '../sink';
import { DAY_MS } from '../time';
import { Truth } from '../truth';
import type { Video, Viewer, World } from '../world';
import { Arrivals, meanSessionsPerDay } from './arrivals';
import { WorldClock } from './clock';
import { EventFactory } from './events';
import type { GatewayClient, Recommendations } from './gateway-client';
import { playPage, type Instant, type PageSetting, type PlayedPage } from './page';
import { runSession, type SessionSetting } from './session';

export interface LiveOptions {
  readonly world: World;
  /** By viewer index; moved on by what the viewers meet. */
  readonly memories: readonly ViewerMemory[];
  readonly gateway: GatewayClient;
  readonly sink: EventSink;
  /** By the clock, on average over a week of the world's; default: as many as the world has by itself at this speed. */
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
  /** Shares of the watches told late, and of all events told twice; default: as in the history. */
  readonly mishaps?: { readonly lateShare: number; readonly duplicateShare: number };
  /** Of the sessions of anonymous viewers, those that begin with a login; default 0.05. */
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
  watchSeconds: number;
  logins: number;
  uploads: number;
  failures: number;
}

/** As in the history: some watches are told late, some events twice. */
const MISHAPS = { lateShare: 0.004, duplicateShare: 0.003 } as const;
const DELAY_MS = 3_600_000;
/** More sessions than this at once mean that the services cannot keep up. */
const MOST_SESSIONS_AT_ONCE = 50;
const UPLOAD_CHECK_MS = 5_000;
const MINUTES_PER_DAY = 1_440;
const PAGE_SIZE = 10;

export class LiveSimulator {
  readonly counts: LiveCounts = {
    sessions: 0,
    turnedAway: 0,
    pages: 0,
    watches: 0,
    watchSeconds: 0,
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
  private readonly factory: EventFactory;
  private readonly setting: PageSetting;
  private readonly session: SessionSetting;
  private readonly arrivals: Arrivals;
  /** As they are known now; a login changes its viewer. */
  private readonly viewers: Viewer[];

  constructor(private readonly options: LiveOptions) {
    const { world, speed, pageSize = PAGE_SIZE } = options;
    // Every session in progress listens to it.
    setMaxListeners(0, this.stopping.signal);
    this.clock = options.clock ?? new WorldClock(world.options.endMs, speed);
    // Forked by the moment too: a second run of the same world must not repeat the event ids of the first.
    this.random = world.random.fork(`live ${Date.now()}`);
    const truth = new Truth(world);
    this.factory = new EventFactory(this.random.fork('ids'));
    this.setting = { truth, factory: this.factory, random: this.random, speed };
    this.session = {
      ...options,
      ...this.setting,
      pageSize,
      signal: this.stopping.signal,
      now: () => this.now(),
      onLogin: (viewer) => {
        this.viewers[viewer.index] = viewer;
        this.counts.logins++;
      },
      play: (viewer, list) => this.play(viewer, list),
    };
    this.viewers = [...world.viewers];
    const factor =
      options.sessionsPerMinute === undefined ? 1 : options.sessionsPerMinute / Math.max(1e-9, this.ownRate());
    this.arrivals = new Arrivals(world, this.random.fork('arrivals'), factor);
  }

  /** Sessions a minute of the clock: on average over a week of the world's, and at this moment. */
  get rate(): { readonly mean: number; readonly now: number } {
    return {
      mean: this.options.sessionsPerMinute ?? this.ownRate(),
      now: (this.arrivals.sessionsPerDay(this.clock.nowMs) * this.clock.speed) / MINUTES_PER_DAY,
    };
  }

  start(): void {
    this.background(this.welcome());
    this.background(this.uploads());
  }

  /** Uploads what the world's schedule has due, also from while nothing ran; `start` keeps doing so. */
  async uploadDue(): Promise<void> {
    const { world, sink, uploadEveryMs } = this.options;
    for (const video of world.uploadDue(this.clock.nowMs, uploadEveryMs)) {
      await sink.send(videoUpserted(world, this.asTold(video), false));
      this.counts.uploads++;
    }
  }

  /** Ends every session with the page it is at, which is told to its end at once. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.allSettled(this.running);
  }

  /** Lets a viewer look at a list that was served, now, as in a session; resolves when the page is done with. */
  async play(viewer: Viewer, list: Recommendations): Promise<PlayedPage['watches']> {
    const { world, memories } = this.options;
    const items = list.items.flatMap(({ impressionId, videoId }) => {
      const video = world.video(videoId);
      return video === undefined ? [] : [{ impressionId, video: this.asTold(video) }];
    });
    if (items.length === 0) return [];
    const page = { requestId: list.requestId, items };
    const played = playPage(this.setting, viewer, page, this.now(), memories[viewer.index]);
    this.counts.pages++;
    this.counts.watches += played.watches.length;
    this.counts.watchSeconds += played.watches.reduce((sum, watch) => sum + watch.watchSeconds, 0);
    for (const event of played.events) await this.sendAtItsTime(event);
    return played.watches;
  }

  /** As `play`, without waiting; `stop` cuts it short. */
  playInBackground(viewer: Viewer, list: Recommendations): void {
    this.background(this.play(viewer, list).then(() => undefined));
  }

  private async welcome(): Promise<void> {
    for (let from = this.clock.nowMs; ;) {
      const arrival = this.arrivals.after(from);
      if (arrival === undefined) return;
      from = arrival.atMs;
      await this.pause(Math.max(0, this.clock.clockMsAt(arrival.atMs) - this.now().clockMs));
      if (this.sessionsNow >= MOST_SESSIONS_AT_ONCE) this.counts.turnedAway++;
      else {
        this.counts.sessions++;
        this.sessionsNow++;
        const session = runSession(this.session, this.viewers[arrival.viewerIndex]);
        this.background(session.finally(() => this.sessionsNow--));
      }
    }
  }

  private async uploads(): Promise<void> {
    for (;;) {
      this.background(this.uploadDue());
      await this.pause(Math.min(UPLOAD_CHECK_MS, this.options.uploadEveryMs / this.clock.speed));
    }
  }

  private ownRate(): number {
    return (meanSessionsPerDay(this.options.world, this.clock.nowMs) * this.clock.speed) / MINUTES_PER_DAY;
  }

  /** What was uploaded since the history is told as uploaded by the clock. */
  private asTold(video: Video): Video {
    return { ...video, uploadedAtMs: Math.floor(this.clock.clockMsAt(video.uploadedAtMs)) };
  }

  private now(): Instant {
    const clockMs = Date.now();
    return { clockMs, worldMs: this.clock.worldMsAt(clockMs) };
  }

  /**
   * Waits until the event is due. A stop makes all that is left of a page happen now: a page that was shown but whose
   * watches were never told would be learned from as a list that nobody liked.
   */
  private async sendAtItsTime(event: Event): Promise<void> {
    const leftMs = event.occurredAtMs - Date.now();
    if (leftMs > 0) await this.pause(leftMs).catch(() => undefined);
    const happened = this.stopping.signal.aborted ? this.happeningNow(event) : event;
    const { lateShare, duplicateShare } = this.options.mishaps ?? MISHAPS;
    const isRunning = !this.stopping.signal.aborted;
    if (isRunning && event.body?.$case === 'watch' && this.random.next() < lateShare) {
      this.background(this.sendLater(happened));
      return;
    }
    await this.options.sink.send(happened);
    if (isRunning && this.random.next() < duplicateShare) this.background(this.sendLater(happened));
  }

  /** As a producer without a connection, or one that tries again what had arrived. A stop makes it now. */
  private async sendLater(event: Event): Promise<void> {
    await this.pause((DELAY_MS * (0.2 + this.random.next())) / this.options.speed).catch(() => undefined);
    await this.options.sink.send(event);
  }

  private happeningNow(event: Event): Event {
    const nowMs = Date.now();
    if (event.occurredAtMs <= nowMs) return event;
    // The id tells its time too, and the collector takes none from the future.
    return { ...event, eventId: this.factory.newId(nowMs), occurredAtMs: nowMs };
  }

  private pause(ms: number): Promise<void> {
    // A timer takes no longer than a month, nor does anybody wait so long.
    return sleep(Math.min(ms, DAY_MS), undefined, { signal: this.stopping.signal });
  }

  private background(work: Promise<void>): void {
    const guarded = work
      .catch((error: Error) => {
        if (this.stopping.signal.aborted) return;
        this.counts.failures++;
        this.options.onError(error);
      })
      .finally(() => this.running.delete(guarded));
    this.running.add(guarded);
  }
}
