/**
 * Decodes events one after the other, as `Event.decode` does, for reading millions of them.
 *
 * Watches and lists, which logs consist of, are read field by field here; what else an event may hold is left to the generated
 * code, and so is the whole event where anything is not as our encoders write it. Ids and the facts of videos come
 * again and again: they are made once and shared, which spares the maps that they are looked up in hashing and comparing them,
 * and examples a copy each. So the facts are frozen.
 */
import {
  Dismissal,
  Event,
  ExperimentAssignment,
  ExploredPlace,
  type ImpressionItem,
  type ImpressionsServed,
  ImpressionsViewed,
  Mark,
  type RequestContext,
  Search,
  type SeenEvent,
  UserDeleted,
  UserMerged,
  UserUpserted,
  type VideoFacts,
  VideoUpserted,
  VideoWithdrawn,
  type Watch,
} from '@watchnext/contract';
import { seenEventIn } from '@watchnext/features';
import { EventReader, utf8 } from './event-reader';
import { NO_ENTRY } from './shared-videos';
import { UNUSUAL, WireCursor } from './wire-cursor';

/** Of a video whose id was not read by hand. */
export const NO_NUMBER = -1;

type Body = NonNullable<Event['body']>;

/** An event whose id is made a text when it is asked for, which few do. */
class EventWithId implements Event {
  occurredAtMs = 0;
  receivedAtMs = 0;
  producer = '';
  backfill = false;
  body: Body | undefined = undefined;
  idFrom = 0;
  idTo = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get eventId(): string {
    return this.idFrom === this.idTo ? '' : utf8(this.bytes, this.idFrom, this.idTo);
  }
}

/** An event whose id may be missing from a copy: a spread of it does not pass for an `Event`. */
export type DecodedEvent = EventWithId | Event;

export class EventDecoder extends WireCursor {
  private readonly reader = new EventReader();
  /** Of the event that was decoded last: the number of a watch's video, `NO_NUMBER` where it has none or was not read here. */
  videoNumber = NO_NUMBER;
  /** The same of a list's items; undefined where it was not read here. */
  itemNumbers: number[] | undefined;
  /** What states remember of it; undefined where its id is none that `refuse` lets in, or was not read here. */
  seenEvent: SeenEvent | undefined;

  /** @returns the event of bytes [from, to), by default all. @throws as `Event.decode` does */
  decode(bytes: Uint8Array, from = 0, to = bytes.length): DecodedEvent {
    this.startAt(bytes, from, to);
    this.videoNumber = NO_NUMBER;
    this.itemNumbers = undefined;
    this.seenEvent = undefined;
    try {
      return this.event(to);
    } catch {
      this.textsAreSound = false;
      this.videoNumber = NO_NUMBER;
      this.itemNumbers = undefined;
      this.seenEvent = undefined;
      return Event.decode(this.reader.rewindTo(bytes.subarray(from, to)));
    }
  }

  private event(end: number): Event {
    const event = new EventWithId(this.buffer);
    while (this.at < end) {
      const tag = this.uint32();
      switch (tag) {
        case 10:
          event.idFrom = this.passText();
          event.idTo = this.at;
          this.seenEvent = seenEventIn(this.buffer, event.idFrom, event.idTo);
          break;
        case 16:
          event.occurredAtMs = this.int64();
          break;
        case 24:
          event.receivedAtMs = this.int64();
          break;
        case 34:
          event.producer = this.text();
          break;
        case 40:
          event.backfill = this.uint32() !== 0;
          break;
        case 82:
          event.body = { $case: 'impressionsServed', value: this.served(this.nestedEnd(end)) };
          break;
        case 98:
          event.body = { $case: 'watch', value: this.watch(this.nestedEnd(end)) };
          break;
        default:
          event.body = this.otherBody(tag, this.nestedEnd(end));
      }
    }
    this.requireAt(end);
    return event;
  }

  private otherBody(tag: number, end: number): Body {
    switch (tag) {
      case 90:
        return { $case: 'impressionsViewed', value: this.generated(ImpressionsViewed, end) };
      case 106:
        return { $case: 'search', value: this.generated(Search, end) };
      case 114:
        return { $case: 'dismissal', value: this.generated(Dismissal, end) };
      case 122:
        return { $case: 'userUpserted', value: this.generated(UserUpserted, end) };
      case 130:
        return { $case: 'userMerged', value: this.generated(UserMerged, end) };
      case 138:
        return { $case: 'userDeleted', value: this.generated(UserDeleted, end) };
      case 162:
        return { $case: 'videoUpserted', value: this.generated(VideoUpserted, end) };
      case 170:
        return { $case: 'videoWithdrawn', value: this.generated(VideoWithdrawn, end) };
      default:
        throw UNUSUAL;
    }
  }

  private watch(end: number): Watch {
    let [userId, videoId, playbackId, impressionId, country, device] = ['', '', '', '', '', ''];
    let positionSeconds = 0;
    this.videoNumber = NO_NUMBER;
    this.videoEntry = NO_ENTRY;
    let video: VideoFacts | undefined;
    while (this.at < end) {
      switch (this.uint32()) {
        case 10:
          userId = this.text();
          break;
        case 18:
          this.videoNumber = this.videoId();
          videoId = this.videos.texts[this.videoNumber];
          break;
        case 26:
          playbackId = this.text();
          break;
        case 34:
          impressionId = this.text();
          break;
        case 41:
          positionSeconds = this.double();
          break;
        case 50:
          video = this.videoFacts(this.nestedEnd(end));
          break;
        case 58:
          country = this.text();
          break;
        case 66:
          device = this.text();
          break;
        default:
          throw UNUSUAL;
      }
    }
    this.requireAt(end);
    return { userId, videoId, playbackId, impressionId, positionSeconds, video, country, device };
  }

  private served(end: number): ImpressionsServed {
    const served: ImpressionsServed = {
      userId: '',
      requestId: '',
      pageId: '',
      context: undefined,
      mark: undefined,
      snapshotId: '',
      rung: 0,
      rungReason: '',
      items: [],
      experimentId: '',
      variantId: '',
      assignments: [],
      latencyMs: 0,
      exploredPlaces: [],
    };
    const itemNumbers: number[] = [];
    this.itemNumbers = itemNumbers;
    while (this.at < end) {
      switch (this.uint32()) {
        case 10:
          served.userId = this.text();
          break;
        case 18:
          served.requestId = this.text();
          break;
        case 26:
          served.pageId = this.text();
          break;
        case 34:
          served.context = this.context(this.nestedEnd(end));
          break;
        case 42:
          served.mark = this.generated(Mark, this.nestedEnd(end));
          break;
        case 50:
          served.snapshotId = this.text();
          break;
        case 56:
          served.rung = this.uint32();
          break;
        case 66:
          served.rungReason = this.text();
          break;
        case 74:
          itemNumbers.push(NO_NUMBER);
          served.items.push(this.item(this.nestedEnd(end), itemNumbers));
          break;
        case 82:
          served.experimentId = this.text();
          break;
        case 90:
          served.variantId = this.text();
          break;
        case 98:
          served.assignments.push(this.generated(ExperimentAssignment, this.nestedEnd(end)));
          break;
        case 104:
          served.latencyMs = this.uint32();
          break;
        case 114:
          served.exploredPlaces.push(this.generated(ExploredPlace, this.nestedEnd(end)));
          break;
        default:
          throw UNUSUAL;
      }
    }
    this.requireAt(end);
    return served;
  }

  /** @param numbers the last one is the item's */
  private item(end: number, numbers: number[]): ImpressionItem {
    let [impressionId, videoId, source, team] = ['', '', '', ''];
    let [position, sourceScore, propensity] = [0, 0, 0];
    this.videoEntry = NO_ENTRY;
    let video: VideoFacts | undefined;
    let [score, featuresChecksum]: (number | undefined)[] = [];
    while (this.at < end) {
      switch (this.uint32()) {
        case 10:
          impressionId = this.text();
          break;
        case 18:
          numbers[numbers.length - 1] = this.videoId();
          videoId = this.videos.texts[numbers[numbers.length - 1]];
          break;
        case 24:
          position = this.uint32();
          break;
        case 34:
          video = this.videoFacts(this.nestedEnd(end));
          break;
        case 42:
          source = this.text();
          break;
        case 53:
          sourceScore = this.float();
          break;
        case 61:
          score = this.float();
          break;
        case 65:
          featuresChecksum = this.fixed64();
          break;
        case 77:
          propensity = this.float();
          break;
        case 82:
          team = this.text();
          break;
        default:
          throw UNUSUAL;
      }
    }
    this.requireAt(end);
    return {
      impressionId,
      videoId,
      position,
      video,
      source,
      sourceScore,
      score,
      featuresChecksum,
      propensity,
      team,
    };
  }

  private context(end: number): RequestContext {
    let [surface, country, device, seedVideoId] = ['', '', '', ''];
    let requestedAtMs = 0;
    let loggedIn = false;
    while (this.at < end) {
      switch (this.uint32()) {
        case 8:
          requestedAtMs = this.int64();
          break;
        case 18:
          surface = this.text();
          break;
        case 26:
          country = this.text();
          break;
        case 34:
          device = this.text();
          break;
        case 40:
          loggedIn = this.uint32() !== 0;
          break;
        case 50:
          seedVideoId = this.text();
          break;
        default:
          throw UNUSUAL;
      }
    }
    this.requireAt(end);
    return { requestedAtMs, surface, country, device, loggedIn, seedVideoId };
  }

  /** Mostly the facts that were read last of the video whose id stands before them. */
  private videoFacts(end: number): VideoFacts {
    const { sharedVideos, videoEntry, view } = this;
    const { byteOffset } = this.buffer;
    const [from, to] = [byteOffset + this.at, byteOffset + end];
    const known = videoEntry === NO_ENTRY ? undefined : sharedVideos.facts(videoEntry, view, from, to);
    if (known !== undefined) {
      this.at = end;
      return known;
    }
    return this.keptFacts(this.newFacts(end), from, to);
  }

  /** Of texts that are shared: facts of many videos name the same topics and channels. */
  private newFacts(end: number): VideoFacts {
    let channelId = '';
    const topics: string[] = [];
    let [durationSeconds, uploadedAtMs] = [0, 0];
    while (this.at < end) {
      switch (this.uint32()) {
        case 10:
          channelId = this.text();
          break;
        case 18:
          topics.push(this.text());
          break;
        case 25:
          durationSeconds = this.double();
          break;
        case 32:
          uploadedAtMs = this.int64();
          break;
        default:
          throw UNUSUAL;
      }
    }
    this.requireAt(end);
    return Object.freeze({ channelId, topics: Object.freeze(topics) as string[], durationSeconds, uploadedAtMs });
  }

  private generated<Message>(type: { decode(reader: EventReader, length: number): Message }, end: number): Message {
    const { reader } = this;
    const message = type.decode(reader.rewindTo(this.buffer, this.at), end - this.at);
    this.at = reader.pos;
    this.requireAt(end);
    return message;
  }
}
