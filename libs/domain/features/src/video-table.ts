/** What the topic `catalog` tells of each video, in flat rows: a million objects would keep a garbage collector busy for long. */
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

const NO_FACTS: VideoFacts = { channelId: '', topics: [], durationSeconds: 0, uploadedAtMs: 0 };

/** A video of which no more is told: as by a withdrawal whose upload was compacted away, or to who asks for no titles. */
export const untitledVideo = (videoId: string, facts: VideoFacts = NO_FACTS): CatalogueVideo => ({
  videoId,
  title: '',
  thumbnailUrl: '',
  facts,
  availability: undefined,
  withdrawn: false,
});

/** Where in its row each of a video's facts stands; a row is as long as a cache line, since one video's facts are read together. */
const [CHANNEL, TOPICS, AVAILABILITY, DURATION_SECONDS, UPLOADED_AT_MS, WITHDRAWN] = [0, 1, 2, 3, 4, 5] as const;
const ROW_VALUES = 8;
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
  private facts = new Float64Array(SMALLEST_CAPACITY * ROW_VALUES);

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
      if (row * ROW_VALUES === this.facts.length) this.grow();
    }
    this.titles[row] = title;
    this.thumbnailUrls[row] = thumbnailUrl;
    const from = row * ROW_VALUES;
    this.facts[from + CHANNEL] = this.channels.numberOf(facts.channelId);
    this.facts[from + TOPICS] = this.topicLists.numberOf(facts.topics);
    this.facts[from + AVAILABILITY] = this.availabilities.numberOf(availability);
    this.facts[from + DURATION_SECONDS] = facts.durationSeconds;
    this.facts[from + UPLOADED_AT_MS] = facts.uploadedAtMs;
    this.facts[from + WITHDRAWN] = withdrawn ? 1 : 0;
  }

  /** In the order in which their ids came first. */
  *[Symbol.iterator](): IterableIterator<CatalogueVideo> {
    for (const [videoId, row] of this.rows) yield this.at(videoId, row);
  }

  private at(videoId: string, row: number): CatalogueVideo {
    const { facts } = this;
    const from = row * ROW_VALUES;
    return {
      videoId,
      title: this.titles[row]!,
      thumbnailUrl: this.thumbnailUrls[row]!,
      facts: {
        channelId: this.channels.values[facts[from + CHANNEL]!]!,
        topics: this.topicLists.values[facts[from + TOPICS]!]!,
        durationSeconds: facts[from + DURATION_SECONDS]!,
        uploadedAtMs: facts[from + UPLOADED_AT_MS]!,
      },
      availability: this.availabilities.values[facts[from + AVAILABILITY]!],
      withdrawn: facts[from + WITHDRAWN] === 1,
    };
  }

  private grow(): void {
    const grown = new Float64Array(2 * this.facts.length);
    grown.set(this.facts);
    this.facts = grown;
  }
}
