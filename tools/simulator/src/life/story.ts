/**
 * A viewer's life as the records that its producers deliver: each event with its envelope, a little of it late or twice.
 */
import type { Random } from '@watchnext/learning';
import { NO_TOPIC } from '../catalogue';
import type { ViewerMemory } from '../memory';
import { COUNTRIES, COUNTRIES_OF_THE_WORLD, DEVICES, LANGUAGES, TOPICS_OF_THE_WORLD } from '../topics';
import type { PageOutcome } from '../truth';
import { anonymousId, channelId, videoId, viewerId, type World } from '../world';
import { ByteWriter } from './event-bytes';
import { SOURCES, SURFACES, type LifeRecorder, type Page } from './recorder';
import type { Moment } from '../truth';

export const PRODUCER = 'simulator';
const LATE_SHARE = 0.004;
const LATE_MIN_MS = 600_000;
const LATE_SPREAD_MS = 5 * 3_600_000;
const DUPLICATE_SHARE = 0.003;
const DUPLICATE_SPREAD_MS = 3_600_000;
/** From the viewer to the collector. */
const UNDERWAY_MIN_MS = 20;
const UNDERWAY_SPREAD_MS = 600;

/** Where the receipt's time lies in an event: after id and occurrence. Six bytes of varint from 1971 to 2109. */
const RECEIVED_AT = 38 + 7 + 1;
const RECEIVED_BYTES = 6;

/** Field numbers of `Event`'s bodies, as in the contract. */
const FIELD = { served: 10, viewed: 11, watch: 12, search: 13, dismissal: 14, upserted: 15 } as const;

/** The place of a login's merge among the deliveries of its moment. */
export const MERGE_ORDER = 0xffffffff;

export interface Delivery {
  readonly deliveredAtMs: number;
  /** Orders the viewer's deliveries of one moment. */
  readonly order: number;
  readonly key: string;
  /** A view of the story's buffer, good until the next life begins. */
  readonly value: Uint8Array;
}

interface Told {
  readonly deliveredAtMs: number;
  readonly start: number;
  readonly end: number;
  readonly isAnonymous: boolean;
}

/** What comes of a viewer's login: the event that carries its history needs the deliveries before it. */
export interface Login {
  readonly deliveredAtMs: number;
  readonly anonymousId: string;
  readonly viewerId: string;
  readonly eventId: string;
  readonly occurredAtMs: number;
}

export class Story implements LifeRecorder {
  login: Login | undefined;
  private readonly writer = new ByteWriter();
  private told: Told[] = [];
  private viewerIndex = 0;
  private isAnonymous = false;
  protected userId = '';
  private ids!: Random;
  private delays!: Random;
  private requestId = '';
  private readonly topicBytes = TOPICS_OF_THE_WORLD.map(({ name }) => name);

  /** @param backfill as history that is told after the fact: received when it occurred */
  constructor(
    private readonly world: World,
    private readonly backfill: boolean,
  ) {}

  /** What was told before is gone. */
  begin(viewerIndex: number): void {
    this.writer.length = 0;
    this.told = [];
    this.login = undefined;
    this.viewerIndex = viewerIndex;
    this.isAnonymous = this.world.population.loginDay[viewerIndex] > 0;
    this.userId = this.isAnonymous ? anonymousId(viewerIndex) : viewerId(viewerIndex);
    this.ids = this.world.random.fork(`ids ${viewerIndex}`);
    this.delays = this.world.random.fork(`delivery ${viewerIndex}`);
  }

  /** In the order of delivery, without the login's. */
  deliveries(): Delivery[] {
    const keys = [viewerId(this.viewerIndex), anonymousId(this.viewerIndex)];
    return this.told
      .map(({ deliveredAtMs, start, end, isAnonymous }, order) => ({
        deliveredAtMs,
        order,
        key: keys[isAnonymous ? 1 : 0],
        value: this.writer.bytes.subarray(start, end),
      }))
      .sort((a, b) => a.deliveredAtMs - b.deliveredAtMs || a.order - b.order);
  }

  registered(atMs: number): void {
    this.event(atMs, FIELD.upserted, (writer) => {
      const { population } = this.world;
      const country = population.country[this.viewerIndex];
      writer.ascii(1, this.userId);
      const profile = writer.open(2);
      writer.ascii(1, COUNTRIES[country]);
      writer.ascii(2, LANGUAGES[COUNTRIES_OF_THE_WORLD[country].language]);
      writer.number(3, population.ageYears[this.viewerIndex]);
      writer.number(4, population.gender[this.viewerIndex]);
      writer.close(profile);
    });
  }

  loggedIn(atMs: number): void {
    if (atMs + 2_000 >= this.world.options.endMs) return;
    const before = this.userId;
    this.isAnonymous = false;
    this.userId = viewerId(this.viewerIndex);
    this.registered(atMs);
    const occurredAtMs = atMs + 500;
    this.login = {
      anonymousId: before,
      viewerId: this.userId,
      eventId: this.newId(occurredAtMs),
      occurredAtMs,
      deliveredAtMs: atMs + 1_500,
    };
  }

  searched(words: string, atMs: number): void {
    this.event(atMs, FIELD.search, (writer) => {
      writer.ascii(1, this.userId);
      writer.text(2, words);
    });
  }

  served(page: Page, moment: Moment, _memory: ViewerMemory): void {
    const { atMs } = moment;
    this.requestId = this.newId(atMs);
    this.event(atMs, FIELD.served, (writer) => {
      writer.ascii(1, this.userId);
      writer.ascii(2, this.requestId);
      const context = writer.open(4);
      writer.number(1, atMs);
      writer.ascii(2, SURFACES[page.surface]);
      writer.ascii(3, COUNTRIES[this.world.population.country[this.viewerIndex]]);
      writer.ascii(4, DEVICES[moment.device]);
      writer.number(5, this.isAnonymous ? 0 : 1);
      if (page.seedVideo >= 0) writer.ascii(6, videoId(page.seedVideo));
      writer.close(context);
      for (let position = 0; position < page.videos.length; position++) {
        const item = writer.open(9);
        writer.ascii(1, this.impressionId(position));
        writer.ascii(2, videoId(page.videos[position]));
        writer.number(3, position);
        this.facts(4, page.videos[position]);
        writer.ascii(5, SOURCES[page.sources[position]]);
        writer.close(item);
      }
    });
  }

  viewed(_page: Page, outcome: PageOutcome, atMs: number): void {
    this.event(atMs, FIELD.viewed, (writer) => {
      writer.ascii(1, this.userId);
      writer.ascii(2, this.requestId);
      for (let position = 0; position < outcome.viewedCount; position++) writer.ascii(3, this.impressionId(position));
    });
  }

  watched(video: number, position: number, watchSeconds: number, parts: number, fromMs: number, device: number): void {
    const playbackId = this.newId(fromMs);
    for (const { atMs, positionSeconds } of watchReports(watchSeconds, parts, fromMs)) {
      this.event(
        atMs,
        FIELD.watch,
        (writer) => {
          writer.ascii(1, this.userId);
          writer.ascii(2, videoId(video));
          writer.ascii(3, playbackId);
          if (position >= 0) writer.ascii(4, this.impressionId(position));
          writer.double(5, positionSeconds);
          this.facts(6, video);
          writer.ascii(7, COUNTRIES[this.world.population.country[this.viewerIndex]]);
          writer.ascii(8, DEVICES[device]);
        },
        true,
      );
    }
  }

  dismissed(video: number, position: number, atMs: number): void {
    this.event(atMs, FIELD.dismissal, (writer) => {
      writer.ascii(1, this.userId);
      writer.ascii(2, videoId(video));
      writer.ascii(3, this.impressionId(position));
    });
  }

  private facts(field: number, video: number): void {
    const { catalogue } = this.world;
    const { writer } = this;
    const channel = catalogue.channel[video];
    const facts = writer.open(field);
    writer.ascii(1, channelId(channel));
    writer.ascii(2, this.topicBytes[catalogue.channels.topic[channel]]);
    const second = catalogue.secondTopic[video];
    if (second !== NO_TOPIC) writer.ascii(2, this.topicBytes[second]);
    writer.double(3, catalogue.durationSeconds[video]);
    writer.number(4, catalogue.uploadedAtMs[video]);
    writer.close(facts);
  }

  /** What would lie in the future has not happened. */
  private event(atMs: number, field: number, body: (writer: ByteWriter) => void, mayBeLate = false): void {
    const { endMs } = this.world.options;
    // Drawn in any case, so that a longer history begins as a shorter one does.
    let underwayMs = UNDERWAY_MIN_MS + this.delays.next() * UNDERWAY_SPREAD_MS;
    const isLate = this.delays.next() < LATE_SHARE && mayBeLate;
    if (isLate) underwayMs = LATE_MIN_MS + this.delays.next() * LATE_SPREAD_MS;
    const isTwice = this.delays.next() < DUPLICATE_SHARE;
    const againMs = isTwice ? this.delays.next() * DUPLICATE_SPREAD_MS : 0;
    const eventId = this.newId(atMs);
    if (atMs > endMs) return;
    const deliveredAtMs = Math.min(endMs, Math.floor(atMs + underwayMs));
    const { writer } = this;
    const start = writer.length;
    writer.ascii(1, eventId);
    writer.number(2, atMs);
    writer.number(3, this.backfill ? atMs : deliveredAtMs);
    writer.ascii(4, PRODUCER);
    writer.number(5, this.backfill ? 1 : 0);
    const message = writer.open(field);
    body(writer);
    writer.close(message);
    const end = writer.length;
    const { isAnonymous } = this;
    this.told.push({ deliveredAtMs, start, end, isAnonymous });
    if (!isTwice || deliveredAtMs + againMs > endMs) return;
    this.tellAgain(start, end, Math.floor(deliveredAtMs + againMs), isAnonymous);
  }

  /** The same event, received once more. */
  private tellAgain(from: number, to: number, deliveredAtMs: number, isAnonymous: boolean): void {
    const { writer } = this;
    writer.reserve(to - from + 16);
    const start = writer.length;
    writer.bytes.copyWithin(start, from, to);
    if (!this.backfill) {
      writer.length = start + RECEIVED_AT;
      writer.varint(deliveredAtMs);
      if (writer.length !== start + RECEIVED_AT + RECEIVED_BYTES)
        throw new RangeError('worlds lie between 1971 and 2109');
    }
    writer.length = start + to - from;
    this.told.push({ deliveredAtMs, start, end: writer.length, isAnonymous });
  }

  /** Of a place of the page that was served last. */
  protected impressionId(position: number): string {
    return `${this.requestId}-${position}`;
  }

  /** A UUIDv7 of the given time whose other bits come from the seed. */
  private newId(atMs: number): string {
    const time = hex(atMs, 12);
    const a = hex(this.ids.nextInt(0x1000), 3);
    const b = hex(0x8000 + this.ids.nextInt(0x4000), 4);
    const c = hex(this.ids.nextInt(0x1000000), 6) + hex(this.ids.nextInt(0x1000000), 6);
    return `${time.slice(0, 8)}-${time.slice(8)}-7${a}-${b}-${c}`;
  }
}

/** When a player reports how far a playback has come, to a tenth of a second; the last report is of the whole. */
export function watchReports(
  watchSeconds: number,
  parts: number,
  fromMs: number,
): { readonly atMs: number; readonly positionSeconds: number }[] {
  return Array.from({ length: parts }, (_, index) => {
    const seconds = (watchSeconds * (index + 1)) / parts;
    return { atMs: fromMs + Math.floor(seconds * 1_000), positionSeconds: Math.round(seconds * 10) / 10 };
  });
}

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
