/** What the topic `catalog` tells of each video, in flat rows: a million objects would keep a garbage collector busy for long. */
import type { Availability, VideoFacts } from '@watchnext/contract';
import { FlatTexts } from './flat-texts';
import { IdRows } from './id-rows';

export interface CatalogueVideo {
  readonly videoId: string;
  readonly facts: VideoFacts;
  /** Who may be shown it; undefined: everyone. */
  readonly availability?: Availability | undefined;
  readonly withdrawn: boolean;
}

/** What only who shows a video asks for. */
export interface VideoTexts {
  readonly title: string;
  readonly thumbnailUrl: string;
}

const NO_FACTS: VideoFacts = { channelId: '', topics: [], durationSeconds: 0, uploadedAtMs: 0 };
const NO_TEXTS: VideoTexts = { title: '', thumbnailUrl: '' };

/** A video that everyone may be shown; without facts it is as a withdrawal tells of it whose upload was compacted away. */
export const catalogueVideo = (videoId: string, facts: VideoFacts = NO_FACTS): CatalogueVideo => ({
  videoId,
  facts,
  availability: undefined,
  withdrawn: false,
});

/** Where in its row each of a video's facts stands; a row is as long as a cache line, since one video's facts are read together. */
const [CHANNEL, TOPICS, AVAILABILITY, DURATION_SECONDS, UPLOADED_AT_MS, WITHDRAWN, TITLE, THUMBNAIL_URL] = [
  0, 1, 2, 3, 4, 5, 6, 7,
] as const;
const ROW_VALUES = 8;
const PAGE_ROWS = 16_384;

/** Values that many videos share, each kept once and as long as a video has it, by the number that stands for it in a row. */
class Shared<Value> {
  private readonly numbers = new Map<string, number>();
  private readonly values: (Value | undefined)[] = [];
  private readonly keys: string[] = [];
  private readonly useCounts: number[] = [];
  private readonly free: number[] = [];

  constructor(private readonly keyOf: (value: Value) => string) {}

  /** The number of a value, which one more row has now. */
  take(value: Value): number {
    const key = this.keyOf(value);
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.free.pop() ?? this.values.length;
      this.numbers.set(key, number);
      this.values[number] = value;
      this.keys[number] = key;
      this.useCounts[number] = 0;
    }
    this.useCounts[number]!++;
    return number;
  }

  /** One row less has it. */
  release(number: number): void {
    if (--this.useCounts[number]! > 0) return;
    this.numbers.delete(this.keys[number]!);
    this.values[number] = undefined;
    this.keys[number] = '';
    this.free.push(number);
  }

  at(number: number): Value {
    return this.values[number] as Value;
  }

  get size(): number {
    return this.numbers.size;
  }
}

/** A map from video ids to videos. What it gives out is made on the spot and shares its lists with others: not to be changed. */
export class VideoTable {
  private readonly texts = new FlatTexts();
  private readonly rows = new IdRows(this.texts);
  private readonly channels = new Shared<string>((channelId) => channelId);
  private readonly topicLists = new Shared<string[]>((topics) => JSON.stringify(topics));
  private readonly availabilities = new Shared<Availability | undefined>((one) => JSON.stringify(one) ?? '');
  private readonly pages: Float64Array[] = [];

  get size(): number {
    return this.rows.size;
  }

  /** Distinct channels, lists of topics and availabilities of the videos as they are now. */
  get sharedCount(): number {
    return this.channels.size + this.topicLists.size + this.availabilities.size;
  }

  get(videoId: string): CatalogueVideo | undefined {
    const row = this.rows.rowOf(videoId);
    return row < 0 ? undefined : this.at(videoId, row);
  }

  /** Empty for a video that is not there, or of which none were told. */
  textsOf(videoId: string): VideoTexts {
    const row = this.rows.rowOf(videoId);
    if (row < 0) return NO_TEXTS;
    const page = this.pageOf(row);
    const from = firstOf(row);
    return { title: this.texts.at(page[from + TITLE]!), thumbnailUrl: this.texts.at(page[from + THUMBNAIL_URL]!) };
  }

  /** @param texts left as they were where they are not given */
  set({ videoId, facts, availability, withdrawn }: CatalogueVideo, texts?: VideoTexts): void {
    const { size } = this.rows;
    const row = this.rows.add(videoId);
    const isNew = row === size;
    if (row === this.pages.length * PAGE_ROWS) this.pages.push(new Float64Array(PAGE_ROWS * ROW_VALUES));
    const page = this.pageOf(row);
    const from = firstOf(row);
    const before = isNew ? undefined : page.slice(from, from + ROW_VALUES);
    page[from + CHANNEL] = this.channels.take(facts.channelId);
    page[from + TOPICS] = this.topicLists.take(facts.topics);
    page[from + AVAILABILITY] = this.availabilities.take(availability);
    if (before) {
      this.channels.release(before[CHANNEL]!);
      this.topicLists.release(before[TOPICS]!);
      this.availabilities.release(before[AVAILABILITY]!);
    }
    page[from + DURATION_SECONDS] = facts.durationSeconds;
    page[from + UPLOADED_AT_MS] = facts.uploadedAtMs;
    page[from + WITHDRAWN] = withdrawn ? 1 : 0;
    if (!texts) return;
    page[from + TITLE] = this.replaced(page[from + TITLE]!, texts.title);
    page[from + THUMBNAIL_URL] = this.replaced(page[from + THUMBNAIL_URL]!, texts.thumbnailUrl);
  }

  /** In the order in which their ids came first. */
  *[Symbol.iterator](): IterableIterator<CatalogueVideo> {
    for (let row = 0; row < this.rows.size; row++) yield this.at(this.rows.idAt(row), row);
  }

  private at(videoId: string, row: number): CatalogueVideo {
    const page = this.pageOf(row);
    const from = firstOf(row);
    return {
      videoId,
      facts: {
        channelId: this.channels.at(page[from + CHANNEL]!),
        topics: this.topicLists.at(page[from + TOPICS]!),
        durationSeconds: page[from + DURATION_SECONDS]!,
        uploadedAtMs: page[from + UPLOADED_AT_MS]!,
      },
      availability: this.availabilities.at(page[from + AVAILABILITY]!),
      withdrawn: page[from + WITHDRAWN] === 1,
    };
  }

  /** Place of a text that stands where another stood. */
  private replaced(place: number, text: string): number {
    if (this.texts.isAt(place, text)) return place;
    this.texts.remove(place);
    return this.texts.add(text);
  }

  private pageOf(row: number): Float64Array {
    return this.pages[Math.floor(row / PAGE_ROWS)]!;
  }
}

const firstOf = (row: number) => (row % PAGE_ROWS) * ROW_VALUES;
