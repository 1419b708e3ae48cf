/** What the catalogue knows of each video, in columns: a million objects would keep the garbage collector busy for long. */
import type { Availability, VideoFacts } from '@watchnext/contract';

export interface CatalogueVideo {
  readonly videoId: string;
  readonly title: string;
  readonly thumbnailUrl: string;
  readonly facts: VideoFacts;
  /** Who may be shown it; undefined: everyone. */
  readonly availability?: Availability | undefined;
  readonly withdrawn: boolean;
}

const SMALLEST_CAPACITY = 1_024;

/** Values that many videos share, each kept once, by the number that stands for it in a column. */
class Shared<Value> {
  private readonly numbers = new Map<string, number>();
  readonly values: Value[] = [];

  constructor(private readonly keyOf: (value: Value) => string) {}

  numberOf(value: Value): number {
    const key = this.keyOf(value);
    let number = this.numbers.get(key);
    if (number === undefined) {
      this.numbers.set(key, (number = this.values.length));
      this.values.push(value);
    }
    return number;
  }
}

/** A map from video ids to videos. What it gives out is made on the spot and shares its lists with others: not to be changed. */
export class VideoTable {
  private readonly rows = new Map<string, number>();
  private readonly titles: string[] = [];
  private readonly thumbnailUrls: string[] = [];
  private readonly channels = new Shared<string>((channelId) => channelId);
  private readonly topicLists = new Shared<string[]>((topics) => JSON.stringify(topics));
  private readonly availabilities = new Shared<Availability | undefined>((one) => JSON.stringify(one) ?? '');
  private channelOf = new Uint32Array(SMALLEST_CAPACITY);
  private topicsOf = new Uint32Array(SMALLEST_CAPACITY);
  private availabilityOf = new Uint32Array(SMALLEST_CAPACITY);
  private durationSeconds = new Float64Array(SMALLEST_CAPACITY);
  private uploadedAtMs = new Float64Array(SMALLEST_CAPACITY);
  private withdrawn = new Uint8Array(SMALLEST_CAPACITY);

  get size(): number {
    return this.rows.size;
  }

  get(videoId: string): CatalogueVideo | undefined {
    const row = this.rows.get(videoId);
    return row === undefined ? undefined : this.at(videoId, row);
  }

  set({ videoId, title, thumbnailUrl, facts, availability, withdrawn }: CatalogueVideo): void {
    let row = this.rows.get(videoId);
    if (row === undefined) {
      this.rows.set(videoId, (row = this.rows.size));
      if (row === this.withdrawn.length) this.grow(2 * row);
    }
    this.titles[row] = title;
    this.thumbnailUrls[row] = thumbnailUrl;
    this.channelOf[row] = this.channels.numberOf(facts.channelId);
    this.topicsOf[row] = this.topicLists.numberOf(facts.topics);
    this.availabilityOf[row] = this.availabilities.numberOf(availability);
    this.durationSeconds[row] = facts.durationSeconds;
    this.uploadedAtMs[row] = facts.uploadedAtMs;
    this.withdrawn[row] = withdrawn ? 1 : 0;
  }

  /** In the order in which their ids came first. */
  *[Symbol.iterator](): IterableIterator<CatalogueVideo> {
    for (const [videoId, row] of this.rows) yield this.at(videoId, row);
  }

  private at(videoId: string, row: number): CatalogueVideo {
    return {
      videoId,
      title: this.titles[row]!,
      thumbnailUrl: this.thumbnailUrls[row]!,
      facts: {
        channelId: this.channels.values[this.channelOf[row]!]!,
        topics: this.topicLists.values[this.topicsOf[row]!]!,
        durationSeconds: this.durationSeconds[row]!,
        uploadedAtMs: this.uploadedAtMs[row]!,
      },
      availability: this.availabilities.values[this.availabilityOf[row]!],
      withdrawn: this.withdrawn[row] === 1,
    };
  }

  private grow(capacity: number): void {
    this.channelOf = copied(this.channelOf, new Uint32Array(capacity));
    this.topicsOf = copied(this.topicsOf, new Uint32Array(capacity));
    this.availabilityOf = copied(this.availabilityOf, new Uint32Array(capacity));
    this.durationSeconds = copied(this.durationSeconds, new Float64Array(capacity));
    this.uploadedAtMs = copied(this.uploadedAtMs, new Float64Array(capacity));
    this.withdrawn = copied(this.withdrawn, new Uint8Array(capacity));
  }
}

function copied<Column extends Uint8Array | Uint32Array | Float64Array>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}
