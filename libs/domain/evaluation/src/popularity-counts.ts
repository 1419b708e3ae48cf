/** Popularity: watches by video, all alike or halved for each `halfLifeMs` of age. */
export class PopularityCounts {
  private readonly counts = new Map<string, number>();

  constructor(private readonly decay?: { readonly nowMs: number; readonly halfLifeMs: number }) {}

  add(videoId: string, atMs: number): void {
    const weight = this.decay
      ? 2 ** ((Math.min(atMs, this.decay.nowMs) - this.decay.nowMs) / this.decay.halfLifeMs)
      : 1;
    this.counts.set(videoId, (this.counts.get(videoId) ?? 0) + weight);
  }

  count(videoId: string): number {
    return this.counts.get(videoId) ?? 0;
  }

  /** Scores in the order of `videoIds`. */
  scores(videoIds: readonly string[]): Float64Array {
    return Float64Array.from(videoIds, (videoId) => this.count(videoId));
  }

  /** Most watched first; ties by id, so that equal counts give equal lists. */
  ranked(): { videoId: string; score: number }[] {
    return [...this.counts]
      .map(([videoId, score]) => ({ videoId, score }))
      .sort((a, b) => b.score - a.score || (a.videoId < b.videoId ? -1 : 1));
  }
}
