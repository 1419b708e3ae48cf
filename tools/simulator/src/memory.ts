/** What one viewer has met so far, as far as it changes how the next showing is taken. */
import { DAY_MS } from './world';

/** A showing half as old weighs half: three days. */
const HALF_LIFE_MS = 3 * DAY_MS;

export class ViewerMemory {
  private readonly shown = new Map<number, { strength: number; atMs: number }>();
  private readonly watched = new Set<number>();
  private readonly dismissed = new Set<number>();

  recordShown(videoIndex: number, atMs: number): void {
    this.shown.set(videoIndex, { strength: this.shownStrength(videoIndex, atMs) + 1, atMs });
  }

  recordWatched(videoIndex: number): void {
    this.watched.add(videoIndex);
  }

  recordDismissed(videoIndex: number): void {
    this.dismissed.add(videoIndex);
  }

  /** How many showings weigh on the viewer, older ones less. */
  shownStrength(videoIndex: number, atMs: number): number {
    const last = this.shown.get(videoIndex);
    return last === undefined ? 0 : last.strength * 2 ** (-Math.max(0, atMs - last.atMs) / HALF_LIFE_MS);
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
