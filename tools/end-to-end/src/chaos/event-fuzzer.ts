/**
 * An endless stream of records of the activity topic by many users, as nasty as producers make it: playbacks in parts,
 * late and repeated events, lists, merges, deletions and returns, imports of history, expiries of viewers who stayed away
 * and of others, events that must be refused and bytes that are no event. The same seed gives the same bytes, on every machine and at every time of day.
 *
 * Two kinds of stream are left out, since a producer whose send was cut off repeats the whole batch, and the truth is
 * then known only if the states recognise every event of it: history stands in batches of its own that span less than
 * the memory of event ids, and no user has more events in a day than a state remembers ids.
 */
import { Event, type ImpressionItem, type UserState, type VideoFacts } from '@watchnext/contract';
import { applyEvent, HOUR_MS, newState } from '@watchnext/features';
import { createRandom, type Random } from '@watchnext/learning';
import { eventIdOf } from '@watchnext/testing';

export interface FuzzedRecord {
  /** The user id. */
  readonly key: string;
  readonly value: Uint8Array;
}

export interface FuzzerOptions {
  readonly seed: number;
  /** Default 500; each gets 0.1% of the events at least, the busiest 1.6%. */
  readonly userCount?: number;
}

type Body = NonNullable<Event['body']>;
type Kind = keyof typeof WEIGHTS;

interface Playback {
  readonly videoId: string;
  readonly playbackId: string;
  readonly impressionId: string;
  positionSeconds: number;
}

/** What the fuzzer remembers of a user, to come back to it. */
interface Viewer {
  readonly userId: string;
  readonly recentEvents: Event[];
  readonly playbacks: Playback[];
  requestId: string;
  readonly shown: ImpressionItem[];
}

const WEIGHTS = {
  watch: 40,
  served: 16,
  viewed: 3,
  search: 8,
  dismissal: 5,
  retry: 10,
  upserted: 2,
  merged: 1,
  deleted: 0.4,
  expired: 0.4,
  refused: 2,
  garbage: 0.3,
};
const TOTAL_WEIGHT = Object.values(WEIGHTS).reduce((sum, weight) => sum + weight, 0);
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const START_MS = Date.UTC(2026, 10, 2, 12);
/** Every so many batches one is imported history. */
const IMPORT_EVERY_BATCHES = 25;
const REMEMBERED = 12;
const QUERIES = ['Cats', 'funny CATS', 'don’t stop', '東京タワー', '!!!', 'straße 9', 'how to tie a bow tie'];

export class EventFuzzer {
  private readonly random: Random;
  private readonly viewers: Viewer[];
  /** Of whom there is imported history alone. */
  private readonly visitors: Viewer[] = [];
  /** Let go of, and about to be there again. */
  private readonly returning: Viewer[] = [];
  private clockMs = START_MS;
  private sequence = 0;
  private batchCount = 0;

  constructor({ seed, userCount = 500 }: FuzzerOptions) {
    this.random = createRandom(seed);
    this.viewers = Array.from({ length: userCount }, (_, user) => newViewer(`user-${user}`));
  }

  /** The next records, in the order in which they are to be sent. */
  nextBatch(count: number): FuzzedRecord[] {
    const isImport = ++this.batchCount % IMPORT_EVERY_BATCHES === 0;
    return Array.from({ length: count }, () => (isImport ? this.imported() : this.live()));
  }

  private live(): FuzzedRecord {
    const { random } = this;
    this.clockMs += random.nextInt(3) === 0 ? 0 : random.nextInt(3 * SECOND_MS);
    const kind = this.anyKind();
    const viewer = this.viewerFor(kind);
    if (kind === 'garbage') return { key: viewer.userId, value: this.garbage() };
    const event = this.eventOf(kind, viewer);
    viewer.recentEvents.push(event);
    if (viewer.recentEvents.length > REMEMBERED) viewer.recentEvents.shift();
    return { key: viewer.userId, value: Event.encode(event).finish() };
  }

  private viewerFor(kind: Kind): Viewer {
    const visitor = kind === 'expired' ? this.visitors.pop() : this.returning.pop();
    if (kind === 'expired' && visitor && this.random.nextInt(3) === 0) this.returning.push(visitor);
    return visitor ?? this.anyViewer();
  }

  /** A watch of ten days ago, received when it occurred as an importer writes it. */
  private imported(): FuzzedRecord {
    const isVisitor = this.random.nextInt(10) === 0;
    const viewer = isVisitor ? newViewer(`visitor-${this.sequence}`) : this.anyViewer();
    if (isVisitor) this.visitors.push(viewer);
    const atMs = START_MS - 240 * HOUR_MS + this.random.nextInt(20 * HOUR_MS);
    const event: Event = { ...this.envelope(atMs), receivedAtMs: atMs, backfill: true, body: this.watch(viewer) };
    return { key: viewer.userId, value: Event.encode(event).finish() };
  }

  private eventOf(kind: Exclude<Kind, 'garbage'>, viewer: Viewer): Event {
    if (kind === 'retry') {
      const first = viewer.recentEvents[this.random.nextInt(REMEMBERED)];
      // A retry may come more than a day later: then it is refused.
      if (first) return { ...first, receivedAtMs: this.clockMs };
      kind = 'watch';
    }
    const event = this.envelope(this.clockMs - this.lateness());
    if (kind === 'refused') return this.spoiled({ ...event, body: this.watch(viewer) });
    return { ...event, body: this.bodyOf(kind, viewer) };
  }

  private bodyOf(kind: Exclude<Kind, 'garbage' | 'retry' | 'refused'>, viewer: Viewer): Body {
    const { random } = this;
    const { userId } = viewer;
    switch (kind) {
      case 'watch':
        return this.watch(viewer);
      case 'served':
        return this.served(viewer);
      case 'viewed': {
        const impressionIds = viewer.shown.slice(0, random.nextInt(4)).map(({ impressionId }) => impressionId);
        if (impressionIds.length === 0) return this.watch(viewer);
        return { $case: 'impressionsViewed', value: { userId, requestId: viewer.requestId, impressionIds } };
      }
      case 'search':
        return { $case: 'search', value: { userId, query: this.query() } };
      case 'dismissal':
        return { $case: 'dismissal', value: { userId, videoId: this.anyVideo(), impressionId: '' } };
      case 'upserted': {
        const profile = {
          country: ['', 'FR', 'JP'][random.nextInt(3)] as string,
          language: 'fr',
          ageYears: random.nextInt(90),
          gender: random.nextInt(4),
          blockedChannelIds: Array.from({ length: random.nextInt(3) }, (_, i) => `channel-${i}`),
        };
        return { $case: 'userUpserted', value: { userId, profile: random.nextInt(5) === 0 ? undefined : profile } };
      }
      case 'merged': {
        const history = this.anonymousHistory();
        return { $case: 'userMerged', value: { userId, anonymousUserId: history.userId, history } };
      }
      case 'deleted':
        return { $case: 'userDeleted', value: { userId } };
      case 'expired':
        // Longer than the latest event is late.
        return { $case: 'userExpired', value: { userId, idleSinceMs: this.clockMs - 25 * HOUR_MS } };
    }
  }

  /** Mostly the next part of a playback; sometimes an earlier position, which changes nothing. */
  private watch(viewer: Viewer): Body {
    const { random } = this;
    let playback = viewer.playbacks[random.nextInt(REMEMBERED)];
    if (!playback || random.nextInt(3) === 0) {
      const impression = viewer.shown[random.nextInt(REMEMBERED)];
      playback = {
        videoId: impression?.videoId ?? this.anyVideo(),
        playbackId: `playback-${this.sequence}`,
        impressionId: impression?.impressionId ?? '',
        positionSeconds: 0,
      };
      viewer.playbacks.push(playback);
      if (viewer.playbacks.length > REMEMBERED) viewer.playbacks.shift();
    }
    playback.positionSeconds += random.nextInt(4) === 0 ? -5 * random.next() : 40 * random.next();
    if (playback.positionSeconds < 0) playback.positionSeconds = 0;
    const { videoId, playbackId, impressionId, positionSeconds } = playback;
    const video = random.nextInt(12) === 0 ? undefined : factsOf(videoId);
    return {
      $case: 'watch',
      value: {
        userId: viewer.userId,
        videoId,
        playbackId,
        impressionId,
        positionSeconds,
        video,
        country: '',
        device: 'tv',
      },
    };
  }

  private served(viewer: Viewer): Body {
    const { random } = this;
    viewer.requestId = `request-${this.sequence}`;
    viewer.shown.length = 0;
    const itemCount = 1 + random.nextInt(12);
    for (let position = 0; position < itemCount; position++) {
      const videoId = this.anyVideo();
      viewer.shown.push({
        impressionId: `impression-${this.sequence}-${position}`,
        videoId,
        position,
        video: factsOf(videoId),
        source: 'retrieval',
        sourceScore: Math.fround(random.next()),
        score: undefined,
        featuresChecksum: undefined,
        propensity: 1,
        team: '',
      });
    }
    return {
      $case: 'impressionsServed',
      value: {
        userId: viewer.userId,
        requestId: viewer.requestId,
        pageId: '',
        context: undefined,
        mark: undefined,
        snapshotId: '',
        rung: 1,
        rungReason: '',
        items: [...viewer.shown],
        experimentId: '',
        variantId: '',
        assignments: [],
        latencyMs: 0,
        exploredPlaces: [],
      },
    };
  }

  private anonymousHistory(): UserState {
    const viewer = newViewer(`anonymous-${this.sequence}`);
    const history = newState(viewer.userId);
    for (let count = 1 + this.random.nextInt(20); count > 0; count--) {
      const body = count % 3 === 0 ? this.served(viewer) : this.watch(viewer);
      applyEvent(history, { ...this.envelope(this.clockMs - this.random.nextInt(HOUR_MS)), body });
    }
    return history;
  }

  private spoiled(event: Event): Event {
    const { random } = this;
    const watch = event.body?.$case === 'watch' ? event.body.value : undefined;
    if (!watch) return event;
    const faults: Event[] = [
      { ...event, body: { $case: 'watch', value: { ...watch, positionSeconds: Number.NaN } } },
      { ...event, body: { $case: 'watch', value: { ...watch, positionSeconds: -1 } } },
      { ...event, body: { $case: 'watch', value: { ...watch, videoId: '' } } },
      { ...event, body: undefined },
      { ...event, eventId: 'not-a-uuid' },
      { ...event, eventId: eventIdOf(event.receivedAtMs - 25 * HOUR_MS, this.sequence++) },
      { ...event, occurredAtMs: event.receivedAtMs + HOUR_MS },
    ];
    return faults[random.nextInt(faults.length)] as Event;
  }

  /** Cut off within a field, so that no decoder takes it for an event. */
  private garbage(): Uint8Array {
    const length = 2 + this.random.nextInt(30);
    return Uint8Array.from({ length }, (_, index) =>
      index === 0 ? 0x0a : index === 1 ? 0x7f : this.random.nextInt(256),
    );
  }

  private envelope(atMs: number): Event {
    const eventId = eventIdOf(atMs, this.sequence++);
    return {
      eventId,
      occurredAtMs: atMs,
      receivedAtMs: this.clockMs,
      producer: 'chaos',
      backfill: false,
      body: undefined,
    };
  }

  private lateness(): number {
    const draw = this.random.nextInt(20);
    if (draw < 15) return 0;
    return this.random.nextInt(draw < 19 ? 10 * MINUTE_MS : 23 * HOUR_MS);
  }

  private anyKind(): Kind {
    let draw = this.random.next() * TOTAL_WEIGHT;
    for (const [kind, weight] of Object.entries(WEIGHTS) as [Kind, number][]) {
      draw -= weight;
      if (draw < 0) return kind;
    }
    return 'watch';
  }

  /** Some users are busier than others. */
  private anyViewer(): Viewer {
    const { length } = this.viewers;
    return this.viewers[Math.floor(length * this.random.next() ** 1.5)] as Viewer;
  }

  private anyVideo(): string {
    return `video-${Math.floor(3_000 * this.random.next() ** 2)}`;
  }

  private query(): string {
    return `${QUERIES[this.random.nextInt(QUERIES.length)]} ${this.random.nextInt(50)}`;
  }
}

const newViewer = (userId: string): Viewer => ({ userId, recentEvents: [], playbacks: [], requestId: '', shown: [] });

/** Facts follow from the id, as a catalogue's do. */
function factsOf(videoId: string): VideoFacts {
  const video = Number(videoId.slice('video-'.length));
  return {
    channelId: video % 7 === 6 ? '' : `channel-${video % 257}`,
    topics: [`topic-${video % 131}`, `topic-${video % 3}`],
    durationSeconds: 20 + (video % 40) * 15,
    uploadedAtMs: START_MS - (video % 90) * 24 * HOUR_MS,
  };
}
