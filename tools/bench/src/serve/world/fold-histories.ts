/** Viewers' states as serving finds them: their events folded by the reducer, and what everybody's impressions add up to. */
import { setImmediate } from 'node:timers/promises';
import { type Event, Rung, TOPICS } from '@watchnext/contract';
import { eventIdOf } from '@watchnext/datasets';
import { partitionOf } from '@watchnext/event-log';
import type { FeatureStore } from '@watchnext/feature-store';
import { applyEvent, encodeState, EVERYWHERE, newState, type StatisticsTables } from '@watchnext/features';
import type { UserState } from '@watchnext/contract';
import { MadeWorld, type ShownList } from './made-world';

const BATCH_USERS = 1_000;

export interface FoldOptions {
  readonly store: FeatureStore;
  readonly partitionCount: number;
  /** Where each partition's mark will stand: the last record of the log. */
  readonly offsetOf: (partition: number) => number;
  readonly onProgress: (users: number) => void;
}

export interface Folded {
  readonly events: number;
  readonly impressions: number;
  readonly stateBytes: number;
  readonly statistics: StatisticsTables;
}

/** All that one viewer did, as events in the order of time. */
export function eventsOf(world: MadeWorld, user: number): Event[] {
  const userId = MadeWorld.userId(user);
  const history = world.historyOf(user);
  const events: Event[] = [];
  const push = (atMs: number, body: Event['body']) =>
    events.push({
      eventId: eventIdOf(atMs, `${userId}-${events.length}`),
      occurredAtMs: atMs,
      receivedAtMs: atMs,
      producer: 'bench',
      backfill: true,
      body,
    });
  if (user % 10 !== 0) {
    push(history[0]!.atMs - 1, { $case: 'userUpserted', value: { userId, profile: world.profileOf(user) } });
  }
  history.forEach((list, place) => {
    push(list.atMs, { $case: 'impressionsServed', value: served(world, user, list, place) });
    list.videos.forEach((video, position) => {
      if (list.watchSeconds[position] === 0) return;
      const value = {
        userId,
        videoId: MadeWorld.videoId(video),
        playbackId: `${userId}-${place}-${position}`,
        impressionId: `${userId}-${place}-${position}`,
        positionSeconds: list.watchSeconds[position]!,
        video: world.factsOf(video),
        country: world.profileOf(user).country,
        device: 'phone',
      };
      push(list.atMs + 1_000 * (position + 1), { $case: 'watch', value });
    });
  });
  return events;
}

function served(world: MadeWorld, user: number, { atMs, videos }: ShownList, place: number) {
  const userId = MadeWorld.userId(user);
  return {
    userId,
    requestId: `${userId}-${place}`,
    pageId: '',
    context: {
      requestedAtMs: atMs,
      surface: 'home',
      country: world.profileOf(user).country,
      device: 'phone',
      loggedIn: user % 10 !== 0,
      seedVideoId: '',
    },
    mark: undefined,
    snapshotId: '',
    rung: Rung.FULL,
    rungReason: '',
    items: videos.map((video, position) => ({
      impressionId: `${userId}-${place}-${position}`,
      videoId: MadeWorld.videoId(video),
      position,
      video: world.factsOf(video),
      source: 'retrieval',
      sourceScore: 1,
      score: 1,
      featuresChecksum: undefined,
      propensity: 1,
      team: '',
    })),
    experimentId: '',
    variantId: '',
    assignments: [],
    latencyMs: 0,
    exploredPlaces: [],
  };
}

export function stateOf(world: MadeWorld, user: number): UserState {
  const state = newState(MadeWorld.userId(user));
  for (const event of eventsOf(world, user)) applyEvent(state, event);
  return state;
}

/** Folds every viewer's events and writes the states through the store's port. */
export async function foldHistories(world: MadeWorld, options: FoldOptions): Promise<Folded> {
  const { store, partitionCount, offsetOf } = options;
  const statistics = new Counter(world);
  const batches = Array.from({ length: partitionCount }, () => new Map<string, Uint8Array>());
  const markOf = (partition: number) => ({ topic: TOPICS.activity, partition, offset: offsetOf(partition) });
  const begun = new Set<number>();
  let [events, stateBytes] = [0, 0];
  const flush = async (partition: number) => {
    const mark = markOf(partition);
    await store.commit(partition, {
      expected: begun.has(partition) ? mark : undefined,
      next: mark,
      states: batches[partition]!,
    });
    begun.add(partition);
    batches[partition] = new Map();
  };
  for (let user = 0; user < world.options.users; user++) {
    const state = newState(MadeWorld.userId(user));
    for (const event of eventsOf(world, user)) {
      applyEvent(state, event);
      statistics.add(event);
      events++;
    }
    const bytes = encodeState(state);
    stateBytes += bytes.length;
    const partition = partitionOf(state.userId, partitionCount);
    batches[partition]!.set(state.userId, bytes);
    if (batches[partition]!.size === BATCH_USERS) await flush(partition);
    if ((user + 1) % BATCH_USERS === 0) options.onProgress(user + 1);
    // Ctrl-C comes through the event loop.
    if (user % 100 === 0) await setImmediate();
  }
  for (let partition = 0; partition < partitionCount; partition++) await flush(partition);
  return { events, impressions: statistics.impressions, stateBytes, statistics: statistics.tables() };
}

type Counts = { impressionCount: number; clickCount: number; clickWatchSeconds: number; watchCount: number };

/** Impressions and what followed, over all days: what a trainer's timeline comes to, without its days. */
class Counter {
  private readonly videos = new Map<string, Counts>();
  private readonly channels = new Map<string, Counts>();
  private readonly topics = new Map<string, Counts>();
  private readonly countries = new Map<string, Map<string, Counts>>();
  private readonly wholeCountries = new Map<string, Counts>();
  impressions = 0;

  constructor(private readonly world: MadeWorld) {}

  add({ body }: Event): void {
    if (body?.$case === 'impressionsServed') {
      const country = body.value.context!.country;
      for (const { videoId } of body.value.items) {
        this.impressions++;
        for (const counts of this.countsOf(videoId, country)) counts.impressionCount++;
      }
    } else if (body?.$case === 'watch') {
      const { videoId, positionSeconds, country } = body.value;
      for (const counts of this.countsOf(videoId, country)) {
        counts.clickCount++;
        counts.clickWatchSeconds += positionSeconds;
        counts.watchCount++;
      }
    }
  }

  tables(): StatisticsTables {
    const plain = (counts: ReadonlyMap<string, Counts>) => Object.fromEntries(counts);
    const videos = plain(this.videos);
    return {
      videos,
      channels: plain(this.channels),
      topics: plain(this.topics),
      // Everyone was on the home page.
      surfaces: { home: videos },
      countries: Object.fromEntries([...this.countries].map(([country, counts]) => [country, plain(counts)])),
      wholeCountries: plain(this.wholeCountries),
    };
  }

  private *countsOf(videoId: string, country: string): Iterable<Counts> {
    const { channelId, topics } = this.world.factsOf(Number(videoId.slice(videoId.indexOf('-') + 1)));
    yield countsIn(this.videos, videoId);
    yield countsIn(this.channels, channelId);
    for (const topic of topics) yield countsIn(this.topics, topic);
    let inCountry = this.countries.get(country);
    if (!inCountry) this.countries.set(country, (inCountry = new Map()));
    yield countsIn(inCountry, channelId);
    yield countsIn(this.wholeCountries, country);
    yield countsIn(this.wholeCountries, EVERYWHERE);
  }
}

function countsIn(all: Map<string, Counts>, key: string): Counts {
  let counts = all.get(key);
  if (!counts) all.set(key, (counts = { impressionCount: 0, clickCount: 0, clickWatchSeconds: 0, watchCount: 0 }));
  return counts;
}
