/**
 * The world in real time: viewers come, ask the gateway for a list, look, click, watch, search, and producers upload.
 * It speaks only the public HTTP API.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '@watchnext/contract';
import type { Random } from '@watchnext/learning';
import { EventFactory } from './events';
import { videoUpserted } from './catalogue-events';
import { searchQuery } from './life/front-page';
import type { GatewayClient, Recommendations, RecommendationsQuery } from './gateway-client';
import type { ViewerMemory } from './memory';
import { playPage, type PageSetting } from './page';
import type { EventSink } from './sink';
import { Truth } from './truth';
import { pickWeighted } from './draws';
import type { Video, Viewer, World } from './world';

export interface LiveOptions {
  readonly world: World;
  readonly memories: readonly ViewerMemory[];
  readonly gateway: GatewayClient;
  readonly sink: EventSink;
  readonly sessionsPerMinute: number;
  /**
   * How many times faster than the clock viewers watch. A session of half an hour then fits into a minute, and its
   * watches into the minutes after which an impression is learned from; positions are still reported in full.
   */
  readonly speed: number;
  readonly uploadEveryMs: number;
  readonly pageSize?: number;
  /** Shares of the watches told late, and of all events told twice; default: as in the history. */
  readonly mishaps?: { readonly lateShare: number; readonly duplicateShare: number };
  /** Called for what failed; the session is over, the world goes on. */
  readonly onError: (error: Error) => void;
}

export interface LiveCounts {
  sessions: number;
  pages: number;
  watches: number;
  watchSeconds: number;
  uploads: number;
  failures: number;
}

const SEARCH_SHARE = 0.2;
const UP_NEXT_SHARE = 0.5;
const MOST_PAGES = 4;
/** As in the history: some watches are told late, some events twice. */
const MISHAPS = { lateShare: 0.004, duplicateShare: 0.003 } as const;
const DELAY_MS = 3_600_000;
/** More sessions than this at once mean that the services cannot keep up: new ones wait. */
const MOST_SESSIONS_AT_ONCE = 50;
const UPLOAD_CHECK_MS = 5_000;

export class LiveSimulator {
  readonly counts: LiveCounts = { sessions: 0, pages: 0, watches: 0, watchSeconds: 0, uploads: 0, failures: 0 };
  private readonly stopping = new AbortController();
  private readonly running = new Set<Promise<void>>();
  private readonly random: Random;
  private readonly factory: EventFactory;
  private readonly setting: PageSetting;
  private readonly truth: Truth;

  constructor(private readonly options: LiveOptions) {
    const { world } = options;
    // Every session in progress listens to it.
    setMaxListeners(0, this.stopping.signal);
    // Forked by the moment too: a second run of the same world must not repeat the event ids of the first.
    this.random = world.random.fork(`live ${Date.now()}`);
    this.truth = new Truth(world);
    this.factory = new EventFactory(this.random.fork('ids'));
    this.setting = { truth: this.truth, factory: this.factory, random: this.random, speed: options.speed };
  }

  start(): void {
    this.background(this.arrivals());
    this.background(this.uploads());
  }

  /** Uploads what the world's schedule has due, also from while nothing ran; `start` keeps doing so. */
  async uploadDue(): Promise<void> {
    const { world, sink, uploadEveryMs } = this.options;
    for (const video of world.uploadDue(Date.now(), uploadEveryMs)) {
      await sink.send(videoUpserted(world, video, false));
      this.counts.uploads++;
    }
  }

  /** Ends every session with the page it is at, which is told to its end at once. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.allSettled(this.running);
  }

  /** Lets a viewer look at a list that was served, now, as in a session; resolves when the page is done with. */
  async play(viewer: Viewer, list: Recommendations): Promise<readonly Video[]> {
    const items = list.items.flatMap(({ impressionId, videoId }) => {
      const video = this.options.world.video(videoId);
      return video === undefined ? [] : [{ impressionId, video }];
    });
    if (items.length === 0) return [];
    const atMs = Date.now();
    const played = playPage(
      this.setting,
      viewer,
      { requestId: list.requestId, items },
      atMs,
      this.options.memories[viewer.index],
    );
    this.counts.pages++;
    this.counts.watches += played.watches.length;
    this.counts.watchSeconds += played.watches.reduce((sum, watch) => sum + watch.watchSeconds, 0);
    for (const event of played.events) await this.sendAtItsTime(event);
    return played.watches.map((watch) => watch.video);
  }

  /** As `play`, without waiting; `stop` cuts it short. */
  playInBackground(viewer: Viewer, list: Recommendations): void {
    this.background(this.play(viewer, list).then(() => undefined));
  }

  private async arrivals(): Promise<void> {
    const { world, sessionsPerMinute } = this.options;
    const weights = world.viewers.map((viewer) => viewer.sessionsPerDay);
    for (;;) {
      await this.pause((-Math.log(1 - this.random.next()) * 60_000) / sessionsPerMinute);
      if (this.running.size < MOST_SESSIONS_AT_ONCE)
        this.background(this.session(world.viewers[pickWeighted(weights, this.random)]));
    }
  }

  private async session(viewer: Viewer): Promise<void> {
    const { gateway, pageSize = 10 } = this.options;
    this.counts.sessions++;
    if (this.random.next() < SEARCH_SHARE) {
      const topicIndex =
        this.truth.intent(viewer, Date.now()) ?? pickWeighted(this.truth.interests(viewer, Date.now()), this.random);
      await this.options.sink.send(
        this.factory.search(viewer, searchQuery(this.options.world, viewer.index, topicIndex, this.random), Date.now()),
      );
    }
    const { country, device } = viewer;
    let query: RecommendationsQuery = { limit: pageSize, surface: 'home', country, device };
    for (let page = 0; page < MOST_PAGES; page++) {
      const watched = await this.play(viewer, await gateway.recommendations(viewer.id, query, this.stopping.signal));
      if (watched.length === 0 || this.random.next() >= UP_NEXT_SHARE) break;
      query = { ...query, surface: 'up-next', seed: watched[watched.length - 1].id };
    }
  }

  private async uploads(): Promise<void> {
    for (;;) {
      this.background(this.uploadDue());
      await this.pause(Math.min(UPLOAD_CHECK_MS, this.options.uploadEveryMs));
    }
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
    return sleep(ms, undefined, { signal: this.stopping.signal });
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
