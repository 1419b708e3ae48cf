/**
 * Labels: which playbacks there were, how far each went, and which of them followed from an impression.
 *
 * All of it comes after the features were taken and never touches them. Events that the state did not fold in
 * (duplicates, refused ones, those of a deleted user) must not be given to this either.
 */
import type { ImpressionItem, Watch } from '@watchnext/contract';
import { LIMITS } from './limits';

/** One playback as its reports tell of it so far. */
export interface Playback {
  readonly videoId: string;
  /** Its video's, where the records say one. */
  readonly videoNumber: number | undefined;
  /** When the first report in the log says it happened. It stays, whatever comes later: features were taken at it. */
  readonly atMs: number;
  /** The last position: the largest one reported. */
  watchSeconds: number;
  /** The largest one reported; 0 when unknown. */
  durationSeconds: number;
}

interface JoinedReport {
  readonly playback: Playback;
  readonly atMs: number;
  readonly positionSeconds: number;
}

/** What a client says of a request's impressions. */
export interface Confirmed {
  readonly impressionIds: ReadonlySet<string>;
  /** The earliest time that it says so of. */
  readonly firstAtMs: number;
}

export class LabelCollector {
  /** The first of each playback id. */
  private readonly playbacks = new Map<string, Playback>();
  /** Those of other videos under the same id, which a client keeps for a whole session, by `keyOf`. */
  private readonly laterPlaybacks = new Map<string, Playback>();
  private readonly reportsByImpression = new Map<string, JoinedReport[]>();
  private readonly confirmedByRequest = new Map<string, { readonly impressionIds: Set<string>; firstAtMs: number }>();

  /** The watch's playback, if it was reported before. */
  playbackOf(watch: Watch): Playback | undefined {
    const first = this.playbacks.get(watch.playbackId);
    return first === undefined || first.videoId === watch.videoId ? first : this.laterPlaybacks.get(keyOf(watch));
  }

  /**
   * Takes in a report and gives its playback.
   * @param known as `playbackOf` gives it
   * @param videoNumber as in the record
   */
  addWatch(watch: Watch, atMs: number, known: Playback | undefined, videoNumber?: number): Playback {
    const { videoId, impressionId, positionSeconds } = watch;
    const durationSeconds = watch.video?.durationSeconds ?? 0;
    let playback = known;
    if (playback === undefined) {
      playback = { videoId, videoNumber, atMs, watchSeconds: positionSeconds, durationSeconds };
      if (this.playbacks.has(watch.playbackId)) this.laterPlaybacks.set(keyOf(watch), playback);
      else this.playbacks.set(watch.playbackId, playback);
    }
    playback.watchSeconds = Math.max(playback.watchSeconds, positionSeconds);
    playback.durationSeconds = Math.max(playback.durationSeconds, durationSeconds);
    if (impressionId !== '') {
      const reports = this.reportsByImpression.get(impressionId);
      if (reports === undefined) this.reportsByImpression.set(impressionId, [{ playback, atMs, positionSeconds }]);
      else reports.push({ playback, atMs, positionSeconds });
    }
    return playback;
  }

  addViewed(requestId: string, impressionIds: readonly string[], atMs: number): void {
    let confirmed = this.confirmedByRequest.get(requestId);
    if (confirmed === undefined) {
      confirmed = { impressionIds: new Set(), firstAtMs: atMs };
      this.confirmedByRequest.set(requestId, confirmed);
    }
    for (const id of impressionIds) confirmed.impressionIds.add(id);
    confirmed.firstAtMs = Math.min(confirmed.firstAtMs, atMs);
  }

  /**
   * What came of an impression: seconds watched over all its playbacks, capped at `LIMITS.labelWatchSeconds`, or
   * undefined if nothing was watched. Only reports within `joinWindowMs` of the serving count, on either side (the
   * viewer's clock may be behind), so a label is final once the window has passed. A report of another video than
   * the impression's is not its own: a player may keep the impression id when it goes on to the next video.
   */
  watchSecondsOf(item: ImpressionItem, servedAtMs: number, joinWindowMs: number): number | undefined {
    const reports = this.reportsByImpression.get(item.impressionId);
    if (reports === undefined) return undefined;
    const secondsByPlayback = new Map<Playback, number>();
    for (const { playback, atMs, positionSeconds } of reports) {
      if (playback.videoId !== item.videoId || Math.abs(atMs - servedAtMs) > joinWindowMs) continue;
      secondsByPlayback.set(playback, Math.max(secondsByPlayback.get(playback) ?? 0, positionSeconds));
    }
    if (secondsByPlayback.size === 0) return undefined;
    let watchSeconds = 0;
    for (const seconds of secondsByPlayback.values()) watchSeconds += seconds;
    return Math.min(watchSeconds, LIMITS.labelWatchSeconds);
  }

  /** Undefined if the client has confirmed none of the request's. */
  confirmedOf(requestId: string): Confirmed | undefined {
    return this.confirmedByRequest.get(requestId);
  }

  get hasConfirmations(): boolean {
    return this.confirmedByRequest.size > 0;
  }
}

/** Ids hold no control characters, so the pair has one spelling. */
function keyOf({ playbackId, videoId }: Watch): string {
  return `${playbackId}\n${videoId}`;
}
