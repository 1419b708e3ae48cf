/** A playback may be reported in parts: what a check counts is the playback, as training does. */
import type { LoggedEvent } from './check';

export interface Playback {
  readonly videoId: string;
  /** Of the first report in the log, as in training. */
  readonly occurredAtMs: number;
  /** The largest one reported. */
  readonly positionSeconds: number;
  /** The largest one reported; 0 when unknown. */
  readonly durationSeconds: number;
  /** Whether a report names the impression that it follows from. */
  readonly namesImpression: boolean;
}

/**
 * @param events of one user, in log order
 * @returns one for each playback id and video (a client may keep an id for a whole session), in order of the first reports
 */
export function playbacksOf(events: readonly LoggedEvent[]): Playback[] {
  const playbacks = new Map<string, Playback>();
  for (const { event } of events) {
    if (event.body?.$case !== 'watch') continue;
    const { videoId, playbackId, positionSeconds, impressionId, video } = event.body.value;
    const key = `${playbackId}\n${videoId}`;
    const before = playbacks.get(key);
    playbacks.set(key, {
      videoId,
      occurredAtMs: before?.occurredAtMs ?? event.occurredAtMs,
      positionSeconds: Math.max(before?.positionSeconds ?? 0, positionSeconds),
      durationSeconds: Math.max(before?.durationSeconds ?? 0, video?.durationSeconds ?? 0),
      namesImpression: (before?.namesImpression ?? false) || impressionId !== '',
    });
  }
  return [...playbacks.values()];
}
