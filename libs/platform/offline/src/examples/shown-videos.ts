import type { CountedImpression } from '@watchnext/features';
import { TextTable, wholes } from './columns';

/** A video as it was when it was shown. */
export type Shown = CountedImpression['video'];

/** What videos were when they were shown, in columns: of a million videos, as objects, it would take a hundred megabytes. */
export class ShownVideos {
  private readonly videoOf = wholes();
  private readonly channels = new TextTable();
  private readonly channelOf = wholes();
  private readonly topicLists: (readonly string[])[] = [];
  private readonly numbersOfLists = new Map<string, number>();
  private readonly topicsOf = wholes();
  /** By the video's number: one more than the number of what it was last; 0 where it was not shown yet. */
  private last = new Int32Array(1_024);

  /** @param videos in which the videos are numbered */
  constructor(private readonly videos: TextTable) {}

  /** @returns a number for the video with its channel and topics: the same as for the one before it that was the same */
  numberOf({ channelId, topics }: Shown, videoNumber: number): number {
    const known = (videoNumber < this.last.length ? this.last[videoNumber] : 0) - 1;
    if (known >= 0 && this.isAt(known, channelId, topics)) return known;
    const number = this.videoOf.length;
    this.videoOf.push(videoNumber);
    this.channelOf.push(this.channels.numberOf(channelId));
    this.topicsOf.push(this.numberOfTopics(topics));
    this.setLast(videoNumber, number);
    return number;
  }

  at(number: number): Shown {
    return {
      videoId: this.videos.texts[this.videoOf.at(number)],
      channelId: this.channels.texts[this.channelOf.at(number)],
      topics: this.topicLists[this.topicsOf.at(number)],
    };
  }

  private isAt(number: number, channelId: string, topics: readonly string[]): boolean {
    if (this.channels.texts[this.channelOf.at(number)] !== channelId) return false;
    const own = this.topicLists[this.topicsOf.at(number)];
    return own === topics || (own.length === topics.length && own.every((topic, i) => topic === topics[i]));
  }

  private numberOfTopics(topics: readonly string[]): number {
    const key = JSON.stringify(topics);
    let number = this.numbersOfLists.get(key);
    if (number === undefined) this.numbersOfLists.set(key, (number = this.topicLists.push(topics) - 1));
    return number;
  }

  private setLast(videoNumber: number, number: number): void {
    if (videoNumber >= this.last.length) {
      const larger = new Int32Array(Math.max(videoNumber + 1, 2 * this.last.length));
      larger.set(this.last);
      this.last = larger;
    }
    this.last[videoNumber] = number + 1;
  }
}
