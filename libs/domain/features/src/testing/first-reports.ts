import type { Watch } from '@watchnext/contract';
import { hash53 } from '../hash';
import { applyEvent } from '../reducer';
import { refuse } from '../refusal';
import { decodeState, encodeState, newState } from '../state-codec';
import type { UserRecord, UserState } from '../types';
import { findPlayback } from '../watches';
import { USER_ID } from './event-builders';

export interface FirstReport {
  /** The state just before. */
  readonly before: UserState;
  readonly event: UserRecord['event'];
  readonly watch: Watch;
}

/** Of each playback its first report, with the state just before it. */
export function firstReports(records: readonly UserRecord[]): FirstReport[] {
  const state = newState(USER_ID);
  const reported = new Set<string>();
  const reports: FirstReport[] = [];
  for (const { event } of records) {
    if (refuse(event, 0) !== undefined) continue;
    const before = decodeState(encodeState(state));
    if (applyEvent(state, event) !== 'applied' || event.body?.$case !== 'watch') continue;
    const watch = event.body.value;
    const { videoId, playbackId } = watch;
    const key = `${playbackId} of ${videoId}`;
    // A playback can also be known from a merged history.
    const isFirst = !reported.has(key) && findPlayback(before.watches, hash53(playbackId), videoId) < 0;
    reported.add(key);
    if (isFirst) reports.push({ before, event, watch });
  }
  return reports;
}
