/** Reads protobuf's wire format, value by value, as far as the usual goes. */
import type { VideoFacts } from '@watchnext/contract';
import { areSoundFacts, isSoundText } from '@watchnext/features';
import { utf8 } from './event-reader';
import { TextTable } from './examples/columns';
import { areSameFacts } from './shared-facts';
import { SharedValues } from './shared-values';
import { NO_ENTRY, SharedVideos } from './shared-videos';

/** In bytes: ids of videos, channels, topics and users; UUIDs, of which each comes once or twice, are longer. */
const LONGEST_SHARED_TEXT = 20;
/** Thrown where the generated code must decide. */
export const UNUSUAL = Symbol('unusual bytes');

export class WireCursor {
  protected buffer: Uint8Array = new Uint8Array(0);
  /** Of the memory that the bytes lie in, which events share with their neighbours. */
  protected view: DataView = new DataView(new ArrayBuffer(0));
  protected at = 0;
  /** Where the event ends, though the buffer may go on. */
  private end = 0;
  /**
   * Whether every text of the event that was read last, and all facts, are as `refuse` wants them; false where it is not known. Only
   * such are shared, so it is found once.
   */
  textsAreSound = true;
  private readonly texts = new SharedValues(LONGEST_SHARED_TEXT, utf8, (text) => this.found(isSoundText(text)));

  protected readonly sharedVideos = new SharedVideos();
  /** Of the video whose id was read last. */
  protected videoEntry = NO_ENTRY;

  /**
   * @param videos numbers of the ids of videos, which are given here
   * @param catalogue facts of videos, by their ids, which stand for those of events that are the same
   */
  constructor(
    protected readonly videos = new TextTable(),
    private readonly catalogue: ReadonlyMap<string, VideoFacts> = new Map(),
  ) {}

  protected startAt(bytes: Uint8Array, from: number, to: number): void {
    this.buffer = bytes;
    this.at = from;
    this.end = to;
    this.textsAreSound = true;
    if (bytes.buffer !== this.view.buffer) this.view = new DataView(bytes.buffer);
  }

  /** Takes the length of a message that lies within one that ends at `outerEnd`. */
  protected nestedEnd(outerEnd: number): number {
    const length = this.uint32();
    const end = this.at + length;
    if (end > outerEnd) throw UNUSUAL;
    return end;
  }

  protected requireAt(end: number): void {
    if (this.at !== end) throw UNUSUAL;
  }

  protected text(): string {
    const length = this.uint32();
    if (length === 0) return '';
    const from = this.take(length);
    if (length <= LONGEST_SHARED_TEXT) return this.texts.at(this.buffer, this.view, from, this.at);
    const text = utf8(this.buffer, from, this.at);
    this.found(isSoundText(text));
    return text;
  }

  /** @returns the number of the video */
  protected videoId(): number {
    const { sharedVideos, view } = this;
    const length = this.uint32();
    const from = this.buffer.byteOffset + this.take(length);
    this.videoEntry = sharedVideos.entryOf(view, from, from + length);
    return this.videoEntry === NO_ENTRY ? this.newVideo(from, from + length) : sharedVideos.number(this.videoEntry);
  }

  /** @param from where in the memory that the bytes lie in the id begins */
  private newVideo(from: number, to: number): number {
    const { byteOffset } = this.buffer;
    const id = from === to ? '' : utf8(this.buffer, from - byteOffset, to - byteOffset);
    const number = this.videos.numberOf(id);
    if (this.found(isSoundText(id))) this.videoEntry = this.sharedVideos.keepId(this.view, from, to, number);
    return number;
  }

  /**
   * @param facts of the video whose id was read last
   * @param from where in the memory that the bytes lie in the facts begin
   * @returns the same, perhaps as they are shared
   */
  protected keptFacts(facts: VideoFacts, from: number, to: number): VideoFacts {
    const { videoEntry, sharedVideos } = this;
    if (!this.found(areSoundFacts(facts)) || videoEntry === NO_ENTRY) return facts;
    const catalogued = this.catalogue.get(this.videos.texts[sharedVideos.number(videoEntry)]);
    const kept = catalogued !== undefined && areSameFacts(catalogued, facts) ? catalogued : facts;
    sharedVideos.keepFacts(videoEntry, this.view, from, to, kept);
    return kept;
  }

  /** Passes over a text. @returns where it begins; it ends where the next one is read */
  protected passText(): number {
    const length = this.uint32();
    return this.take(length);
  }

  protected found(isSound: boolean): boolean {
    if (!isSound) this.textsAreSound = false;
    return isSound;
  }

  /** Of up to four bytes. What is read past the event's end is refused where the event must be at its end. */
  protected uint32(): number {
    const { buffer } = this;
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = buffer[this.at++];
      if (byte < 0x80) return value | (byte << shift);
      value |= (byte & 0x7f) << shift;
    }
    throw UNUSUAL;
  }

  /** Of up to seven bytes: 49 bits, none of them a sign; the lower 28 and the rest as integers, which are cheaper than doubles. */
  protected int64(): number {
    const { buffer } = this;
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = buffer[this.at++];
      if (byte < 0x80) return low | (byte << shift);
      low |= (byte & 0x7f) << shift;
    }
    let high = 0;
    for (let shift = 0; shift < 21; shift += 7) {
      const byte = buffer[this.at++];
      if (byte < 0x80) return (high | (byte << shift)) * 2 ** 28 + low;
      high |= (byte & 0x7f) << shift;
    }
    throw UNUSUAL;
  }

  protected double(): number {
    return this.view.getFloat64(this.buffer.byteOffset + this.take(8), true);
  }

  protected float(): number {
    return this.view.getFloat32(this.buffer.byteOffset + this.take(4), true);
  }

  protected fixed64(): number {
    const place = this.buffer.byteOffset + this.take(8);
    const value = this.view.getUint32(place + 4, true) * 2 ** 32 + this.view.getUint32(place, true);
    if (value > Number.MAX_SAFE_INTEGER) throw UNUSUAL;
    return value;
  }

  /** @returns where the bytes taken begin */
  private take(count: number): number {
    const from = this.at;
    this.at += count;
    if (this.at > this.end) throw UNUSUAL;
    return from;
  }
}
