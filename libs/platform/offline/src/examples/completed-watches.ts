import type { CompletedWatch } from '../replayed-log';
import { doubles, TextTable, wholes } from './columns';

/** In columns; a watch is made when it is come to. */
export class CompletedWatches implements Iterable<CompletedWatch> {
  private readonly users = new TextTable();
  private readonly userOf = wholes();
  private readonly videoOf = wholes();
  private readonly atMsOf = doubles();

  /** @param videos in which the videos are numbered */
  constructor(private readonly videos: TextTable) {}

  add(userId: string, videoNumber: number, atMs: number): void {
    this.userOf.push(this.users.numberOf(userId));
    this.videoOf.push(videoNumber);
    this.atMsOf.push(atMs);
  }

  *[Symbol.iterator](): Generator<CompletedWatch> {
    for (let row = 0; row < this.atMsOf.length; row++) {
      yield {
        userId: this.users.texts[this.userOf.at(row)],
        videoId: this.videos.texts[this.videoOf.at(row)],
        atMs: this.atMsOf.at(row),
      };
    }
  }
}
