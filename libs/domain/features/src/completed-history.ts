/**
 * The completed watches of a state, kept from one label to the next: mostly a label's history is that of the label before it and
 * a video more, and going through all watches for each took longer than folding the event.
 */
import type { WatchEntry } from '@watchnext/contract';
import { isCompleted } from './completion';
import { LIMITS } from './limits';

/** Places [from, to) of lists that only grow: it stays what it is, whatever comes later. */
export interface HistoryRange {
  readonly videoIds: readonly string[];
  readonly startedAtMs: readonly number[];
  readonly from: number;
  readonly to: number;
}

export class CompletedHistory {
  private videoIds: string[] = [];
  private startedAtMs: number[] = [];
  /** What is before has left the state. */
  private from = 0;
  /** Whether these are the completed ones of the state's watches. */
  private isCurrent = false;
  /** Of the watches, as they were then. */
  private last: WatchEntry | undefined;
  private lastButOne: WatchEntry | undefined;

  /** After one watch was folded into `watches`, which were given before each time that they changed. */
  addWatch(watches: readonly WatchEntry[]): void {
    if (!this.isCurrent) return;
    const newest = watches[watches.length - 1];
    // Either one was added, or one changed and perhaps moved. If the last one has one behind it that was not there before (the last
    // but one is behind it where the last one has moved), it was added there, and nothing else changed.
    if (watches[watches.length - 2] !== this.last || newest === this.lastButOne) {
      this.isCurrent = false;
      return;
    }
    this.add(newest);
    // What else the new one may have pushed out was not completed.
    this.from = Math.max(this.from, this.videoIds.length - LIMITS.newestCompleted);
    this.remember(watches);
  }

  /** After anything else may have been done to the watches. */
  forget(): void {
    this.isCurrent = false;
  }

  /** The completed ones of `watches`, which ascend by time, that were begun before `beforeMs`, oldest first. */
  before(watches: readonly WatchEntry[], beforeMs: number): HistoryRange {
    if (!this.isCurrent) this.beginAnew(watches);
    const { videoIds, startedAtMs, from } = this;
    let to = videoIds.length;
    while (to > from && startedAtMs[to - 1] >= beforeMs) to--;
    return { videoIds, startedAtMs, from, to };
  }

  private beginAnew(watches: readonly WatchEntry[]): void {
    // New lists: ranges of the old ones are out.
    this.videoIds = [];
    this.startedAtMs = [];
    this.from = 0;
    for (const entry of watches) this.add(entry);
    this.remember(watches);
    this.isCurrent = true;
  }

  private add(entry: WatchEntry): void {
    if (!isCompleted(entry)) return;
    this.videoIds.push(entry.videoId);
    this.startedAtMs.push(entry.startedAtMs);
  }

  private remember(watches: readonly WatchEntry[]): void {
    this.last = watches[watches.length - 1];
    this.lastButOne = watches[watches.length - 2];
  }
}
