/**
 * The days before there was a recommender, as events: what the launcher sends through the collector so that there is
 * something to learn from. The same options give the same events, ids and all.
 */
import { createHash } from 'node:crypto';
import { Event } from '@watchnext/contract';
import { breathe } from '@watchnext/waiting';
import { catalogueEvents } from './catalogue-events';
import { deliverLife } from './life/deliver';
import { LifeTeller } from './life/life';
import { Story } from './life/story';
import type { ViewerMemory } from './memory';
import { Popularity } from './popularity';
import type { World } from './world';

export interface History {
  /** In order of delivery: videos first, then activity, a little of it late or twice. */
  readonly events: readonly Event[];
  readonly popularity: Popularity;
  /** By viewer index: what each has met, for the truth of what comes next. */
  readonly memories: readonly ViewerMemory[];
  readonly counts: LifeCounts;
}

export interface LifeCounts {
  requests: number;
  impressions: number;
  watches: number;
  searches: number;
}

export interface HistoryOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (viewersDone: number, viewerCount: number) => void;
}

/** A program that draws a history also listens to signals and to its other processes, as often as this. */
const TURN_MS = 50;

/**
 * As backfill events, for worlds of a size to hold in memory (about 12 KiB for a viewer and a day); `straight/` writes larger
 * ones.
 */
export function generateHistory(world: World): History {
  const telling = tellHistory(world);
  for (;;) {
    const told = telling.next();
    if (told.done) return told.value;
  }
}

/** The same, letting others have their turn meanwhile. @throws the signal's reason */
export async function generateHistoryInTurns(
  world: World,
  { signal, onProgress }: HistoryOptions = {},
): Promise<History> {
  const telling = tellHistory(world);
  for (let turnEndsMs = performance.now() + TURN_MS; ;) {
    const told = telling.next();
    if (told.done) return told.value;
    if (performance.now() < turnEndsMs) continue;
    onProgress?.(told.value, world.population.count);
    await breathe(signal);
    turnEndsMs = performance.now() + TURN_MS;
  }
}

/** Yields after each viewer how many have been told. */
function* tellHistory(world: World): Generator<number, History, void> {
  const popularity = new Popularity(world);
  const counts: LifeCounts = { requests: 0, impressions: 0, watches: 0, searches: 0 };
  const teller = new LifeTeller(world);
  const story = new CountingStory(world, true, popularity, counts);
  const activity: { atMs: number; viewerIndex: number; event: Event }[] = [];
  const memories: ViewerMemory[] = [];
  for (let viewerIndex = 0; viewerIndex < world.population.count; viewerIndex++) {
    const { deliveries, memory } = deliverLife(teller, story, viewerIndex, true);
    for (const { deliveredAtMs, value } of deliveries) {
      const event = Event.decode(value);
      // The collector fills the history of a merge in by itself, and takes none.
      if (event.body?.$case === 'userMerged') event.body.value.history = undefined;
      activity.push({ atMs: deliveredAtMs, viewerIndex, event });
    }
    memories.push(memory);
    yield memories.length;
  }
  // Equal times keep their order: sorting is stable, and a list stands before its clicks.
  activity.sort((a, b) => a.atMs - b.atMs || a.viewerIndex - b.viewerIndex);
  const events = [...catalogueEvents(world, true), ...activity.map(({ event }) => event)];
  return { events, popularity, memories, counts };
}

/** What viewers of a world remember at the end of its history, told anew; nothing for the others. */
export function memoriesOf(world: World, viewerIndices: readonly number[]): ViewerMemory[] {
  const teller = new LifeTeller(world);
  const memories: ViewerMemory[] = [];
  for (const index of viewerIndices) memories[index] = teller.tell(index, {});
  return memories;
}

/** A story that also counts. */
export class CountingStory extends Story {
  constructor(
    private readonly ofWorld: World,
    backfill: boolean,
    readonly popularity: Popularity,
    readonly counts: LifeCounts,
  ) {
    super(ofWorld, backfill);
  }

  private countryIndex = 0;

  override begin(viewerIndex: number): void {
    super.begin(viewerIndex);
    this.countryIndex = this.ofWorld.population.country[viewerIndex];
  }

  override searched(...told: Parameters<Story['searched']>): void {
    this.counts.searches++;
    super.searched(...told);
  }

  override served(...told: Parameters<Story['served']>): void {
    this.counts.requests++;
    this.counts.impressions += told[0].videos.length;
    super.served(...told);
  }

  override watched(...told: Parameters<Story['watched']>): void {
    const [video, , , , fromMs] = told;
    this.counts.watches++;
    this.popularity.recordWatch(video, this.countryIndex, fromMs);
    super.watched(...told);
  }
}

/** SHA-256 over events one after the other, as hexadecimal text. */
export function checksumOf(values: Iterable<Uint8Array>): string {
  const hash = createHash('sha256');
  for (const value of values) hash.update(value);
  return hash.digest('hex');
}
