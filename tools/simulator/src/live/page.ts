/** A page in front of a viewer, played out: what comes into view, what is clicked, how far it is watched, as events. */
import type { Event } from '@watchnext/contract';
import type { Random } from '@watchnext/learning';
import {
  BETWEEN_MS,
  BOT_CLICK_SHARE,
  BOT_WATCH_SECONDS,
  DISMISS_SHARE,
  IN_PARTS_FROM_SECONDS,
  IN_PARTS_SHARE,
  LOOK_MS,
} from '../habits';
import type { ViewerMemory } from '../memory';
import { deviceIndex, type PageOutcome, type Truth } from '../truth';
import type { Video, Viewer } from '../world';
import type { EventFactory } from './events';

export interface Page {
  readonly requestId: string;
  readonly items: readonly { readonly impressionId: string; readonly video: Video }[];
}

export interface PlayedPage {
  /** In order of occurrence. */
  readonly events: Event[];
  readonly watches: readonly { readonly video: Video; readonly watchSeconds: number }[];
  /** When the viewer is done with the page, by the clock. */
  readonly endMs: number;
}

export interface PageSetting {
  readonly truth: Truth;
  readonly factory: EventFactory;
  readonly random: Random;
  /** How many times faster than the clock viewers watch. */
  readonly speed: number;
}

/** One moment by the clock, which events are told with, and by the world, which the truth goes by. */
export interface Instant {
  readonly clockMs: number;
  readonly worldMs: number;
}

/** Draws the outcome and moves the viewer's memory on. The list itself (ImpressionsServed) is the gateway's to report. */
export function playPage(
  setting: PageSetting,
  viewer: Viewer,
  page: Page,
  at: Instant,
  memory: ViewerMemory,
): PlayedPage {
  const { factory, random, speed } = setting;
  const outcome = viewer.bot ? crawled(page, random) : looked(setting, viewer, page, at, memory);
  const viewed = page.items.slice(0, outcome.viewedCount);
  let clockMs = at.clockMs + LOOK_MS / speed;
  const events = [
    factory.viewed(
      viewer,
      page.requestId,
      viewed.map((item) => item.impressionId),
      clockMs,
    ),
  ];
  for (const item of viewed) memory.recordShown(item.video.index, at.worldMs);
  const watches: { video: Video; watchSeconds: number }[] = [];
  for (const { position, watchSeconds } of outcome.clicks) {
    const { video, impressionId } = page.items[position];
    clockMs += BETWEEN_MS / speed;
    const played = playWatch(setting, viewer, video, impressionId, watchSeconds, clockMs);
    events.push(...played.events);
    clockMs = played.endMs;
    memory.recordWatched(video.index);
    watches.push({ video, watchSeconds });
    if (!viewer.bot && video.clickbait && random.next() < DISMISS_SHARE) {
      events.push(factory.dismissal(viewer, video, impressionId, clockMs));
      memory.recordDismissed(video.index);
    }
  }
  return { events, watches, endMs: clockMs };
}

function looked(
  { truth, random }: PageSetting,
  viewer: Viewer,
  page: Page,
  { worldMs }: Instant,
  memory: ViewerMemory,
): PageOutcome {
  const moment = truth.momentOf(viewer.index, worldMs, deviceIndex(viewer.device));
  return truth.playPageAt(
    moment,
    page.items.map(({ video }) => video.index),
    memory,
    random,
  );
}

/** A program looks at everything and clicks at random, without liking anything. */
function crawled({ items }: Page, random: Random): PageOutcome {
  const clicks = items.flatMap((_, position) =>
    random.next() < BOT_CLICK_SHARE ? [{ position, watchSeconds: BOT_WATCH_SECONDS }] : [],
  );
  return { viewedCount: items.length, clicks };
}

/**
 * One playback, reported once at its end or in parts whose positions rise.
 *
 * @param impressionId empty where no list led to it
 */
export function playWatch(
  setting: PageSetting,
  viewer: Viewer,
  video: Video,
  impressionId: string,
  watchSeconds: number,
  startMs: number,
): { events: Event[]; endMs: number } {
  const { factory, random, speed } = setting;
  const playback = { playbackId: factory.newId(startMs), impressionId };
  const partCount = watchSeconds >= IN_PARTS_FROM_SECONDS && random.next() < IN_PARTS_SHARE ? 2 + random.nextInt(2) : 1;
  const at = (seconds: number) => startMs + (seconds * 1_000) / speed;
  const events = Array.from({ length: partCount }, (_, part) => {
    const seconds = (watchSeconds * (part + 1)) / partCount;
    return factory.watch(viewer, video, playback, seconds, at(seconds));
  });
  return { events, endMs: at(watchSeconds) };
}
