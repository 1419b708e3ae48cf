/** A page in front of a viewer, played out: what comes into view, what is clicked, how far it is watched, as events. */
import type { Event } from '@watchnext/contract';
import type { Random } from '@watchnext/learning';
import type { EventFactory } from './events';
import type { ViewerMemory } from './memory';
import type { Truth } from './truth';
import type { Video, Viewer } from './world';

export interface Page {
  readonly requestId: string;
  readonly items: readonly { readonly impressionId: string; readonly video: Video }[];
}

export interface PlayedPage {
  /** In order of occurrence. */
  readonly events: Event[];
  readonly watches: readonly { readonly video: Video; readonly watchSeconds: number }[];
  /** When the viewer is done with the page. */
  readonly endMs: number;
}

const LOOK_MS = 4_000;
const BETWEEN_MS = 3_000;
/** Players report progress; of playbacks long enough, so many come in parts. */
const IN_PARTS_SHARE = 0.3;
const IN_PARTS_FROM_SECONDS = 30;
/** Of those who click bait and are disappointed, so many say so. */
const DISMISS_SHARE = 0.08;

export interface PageSetting {
  readonly truth: Truth;
  readonly factory: EventFactory;
  readonly random: Random;
  /** How many times faster than the clock viewers watch; 1 in the history. */
  readonly speed: number;
}

/** Draws the outcome at `atMs` and moves the viewer's memory on. The list itself (ImpressionsServed) is the caller's to report. */
export function playPage(
  setting: PageSetting,
  viewer: Viewer,
  page: Page,
  atMs: number,
  memory: ViewerMemory,
): PlayedPage {
  const { truth, factory, random, speed } = setting;
  const outcome = truth.playPage(
    viewer,
    page.items.map((item) => item.video),
    atMs,
    memory,
    random,
  );
  const viewed = page.items.slice(0, outcome.viewedCount);
  let clockMs = atMs + LOOK_MS / speed;
  const events = [
    factory.viewed(
      viewer,
      page.requestId,
      viewed.map((item) => item.impressionId),
      clockMs,
    ),
  ];
  for (const item of viewed) memory.recordShown(item.video.index, atMs);
  const watches: { video: Video; watchSeconds: number }[] = [];
  for (const { position, watchSeconds } of outcome.clicks) {
    const { video, impressionId } = page.items[position];
    clockMs += BETWEEN_MS / speed;
    const played = playWatch(setting, viewer, video, impressionId, watchSeconds, clockMs);
    events.push(...played.events);
    clockMs = played.endMs;
    memory.recordWatched(video.index);
    watches.push({ video, watchSeconds });
    if (video.clickbait && random.next() < DISMISS_SHARE) {
      events.push(factory.dismissal(viewer, video, impressionId, clockMs));
      memory.recordDismissed(video.index);
    }
  }
  return { events, watches, endMs: clockMs };
}

/** One playback, reported once at its end or in parts whose positions rise. */
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
