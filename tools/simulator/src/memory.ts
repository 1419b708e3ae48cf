/** What one viewer has met so far, as far as it changes how the next showing is taken. */
import { DAY_MS } from '@watchnext/features';

/** A showing half as old weighs half: three days. */
const DECAY_PER_MS = Math.LN2 / (3 * DAY_MS);

export class ViewerMemory {
  /** Place in the two columns after it, by video. */
  private readonly shown = new Map<number, number>();
  private readonly strengths: number[] = [];
  private readonly shownAtMs: number[] = [];
  private readonly watched = new Set<number>();
  private readonly dismissed = new Set<number>();

  recordShown(videoIndex: number, atMs: number): void {
    const strength = this.shownStrength(videoIndex, atMs) + 1;
    let place = this.shown.get(videoIndex);
    if (place === undefined) this.shown.set(videoIndex, (place = this.strengths.length));
    this.strengths[place] = strength;
    this.shownAtMs[place] = atMs;
  }

  recordWatched(videoIndex: number): void {
    this.watched.add(videoIndex);
  }

  recordDismissed(videoIndex: number): void {
    this.dismissed.add(videoIndex);
  }

  /** How many showings weigh on the viewer, older ones less. */
  shownStrength(videoIndex: number, atMs: number): number {
    const place = this.shown.get(videoIndex);
    if (place === undefined) return 0;
    return this.strengths[place] * Math.exp(-DECAY_PER_MS * Math.max(0, atMs - this.shownAtMs[place]));
  }

  isWatched(videoIndex: number): boolean {
    return this.watched.has(videoIndex);
  }

  isDismissed(videoIndex: number): boolean {
    return this.dismissed.has(videoIndex);
  }

  get watchedCount(): number {
    return this.watched.size;
  }
}

/** One memory per viewer, by the viewer's index. */
export function newMemories(viewerCount: number): ViewerMemory[] {
  return Array.from({ length: viewerCount }, () => new ViewerMemory());
}
