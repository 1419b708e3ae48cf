import { Event, impressionIdOf, type ImpressionItem, Rung, TOPICS } from '@watchnext/contract';
import { type EventLog, EventLogError, type NewRecord } from '@watchnext/event-log';
import { traceHeaders } from '@watchnext/service';
import { v7 as timeOrderedId } from 'uuid';
import type { Draft, PlacedItem } from '../pipeline/draft';
import type { Stage } from '../pipeline/executor';
import { DependencyError, describeFailure, type StageFailure } from '../pipeline/failure';
import { rungOf } from '../pipeline/ladder';
import type { Dependency } from '../resilience/dependency';
import { LateWrites } from '../resilience/late-writes';

export const LOG_IMPRESSIONS = 'log-impressions';

/** Of a record whose list was answered long ago. */
const RECORD_LIMIT_MS = 5_000;
/** Some tens of megabytes, where the log stands still; the lists that come then are unlogged at once. */
const MOST_LATE_RECORDS = 1_000;

export interface LogImpressionsOptions {
  /** How long a list waits for its record. */
  readonly patienceMs: number;
  readonly nowMs: () => number;
  /** A list is answered before its record is confirmed. */
  readonly onLate: () => void;
  /** The record of a list that was answered before has failed. */
  readonly onLost: (lost: LostList, failure: StageFailure) => void;
}

/** What is kept of a list while its record is on its way. Its draft, with the user's state and all candidates, is not. */
export interface LostList {
  readonly requestId: string;
  readonly callId: string;
  readonly impressionCount: number;
}

/**
 * Writes what is about to be shown, with all that replay needs to compute it again. The answer waits for the log, so that a watch does
 * not overtake its impression, but not for a disk or a broker that stands still: the record is then confirmed after the answer
 * (decision 174). A log that is down costs the record, not the answer.
 */
export function logImpressionsStage(
  eventLog: EventLog,
  log: Dependency,
  { patienceMs, nowMs, onLate, onLost }: LogImpressionsOptions,
): Stage<Draft> {
  const writes = new LateWrites(log, { patienceMs, limitMs: RECORD_LIMIT_MS, most: MOST_LATE_RECORDS });
  return {
    name: LOG_IMPRESSIONS,
    timeShare: 0.8,
    applies: ({ page, request }) => page.length > 0 && !request.preview,
    run: async (draft, limits) => {
      const event = impressionsEvent(draft, nowMs());
      const value = Event.encode(event).finish();
      const record = { key: draft.request.userId, value, timestampMs: event.receivedAtMs, headers: traceHeaders() };
      const { requestId, callId } = draft.request;
      const lost = { requestId, callId, impressionCount: draft.page.length };
      const outcome = await writes.write(
        (signal) => append(eventLog, log.name, record, signal),
        limits,
        (error) => onLost(lost, describeFailure(LOG_IMPRESSIONS, error)),
      );
      if (outcome === 'late') onLate();
      return { patch: {} };
    },
    failOpen: { name: 'unlogged', recover: (draft, failure) => ({ failures: [...draft.failures, failure] }) },
  };
}

async function append(eventLog: EventLog, name: string, record: NewRecord, signal: AbortSignal): Promise<void> {
  try {
    await eventLog.append(TOPICS.activity, [record], signal);
  } catch (error) {
    if (!(error instanceof EventLogError)) throw error;
    // What the log will never take is this program's fault, and says nothing against the log.
    const category = error.retriable ? 'dependency-unreachable' : 'dependency-refused';
    throw new DependencyError(name, category, error.message, { cause: error });
  }
}

/** The snapshot whose models made the answer; empty where none did, or two did (an interleaved list). */
export function servedSnapshotId(draft: Draft): string {
  return rungOf(draft).rung === Rung.MEMORY_POPULAR ? '' : draft.snapshotId;
}

function impressionsEvent(draft: Draft, nowMs: number): Event {
  const { request, context, mark, page, exploredPlaces } = draft;
  const assignments = draft.assignments.map(({ experiment, variant, overridden }) => ({
    experimentId: experiment.name,
    variantId: experiment.design === 'interleaved' && !overridden ? '' : variant.name,
    overridden,
  }));
  const { rung, reason } = rungOf(draft);
  return {
    eventId: timeOrderedId({ msecs: nowMs }),
    occurredAtMs: nowMs,
    receivedAtMs: nowMs,
    producer: 'gateway',
    backfill: false,
    body: {
      $case: 'impressionsServed',
      value: {
        userId: request.userId,
        requestId: request.requestId,
        pageId: '',
        context,
        mark,
        snapshotId: servedSnapshotId(draft),
        rung,
        rungReason: reason.slice(0, 512),
        items: page.map((item) => impressionOf(item, request.requestId)),
        experimentId: assignments[0]?.experimentId ?? '',
        variantId: assignments[0]?.variantId ?? '',
        assignments,
        latencyMs: Math.max(0, nowMs - request.requestedAtMs),
        exploredPlaces: [...exploredPlaces],
      },
    },
  };
}

function impressionOf(
  { videoId, video, sources, score, featuresChecksum, position, propensity, team }: PlacedItem,
  requestId: string,
): ImpressionItem {
  const [{ source, score: sourceScore }] = sources as [PlacedItem['sources'][number]];
  return {
    impressionId: impressionIdOf(requestId, position),
    videoId,
    position,
    video: video.facts,
    source,
    sourceScore,
    score,
    featuresChecksum,
    propensity,
    team: team ?? '',
  };
}
