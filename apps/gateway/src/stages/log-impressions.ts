import { Event, impressionIdOf, type ImpressionItem, Rung, TOPICS } from '@watchnext/contract';
import { type EventLog, EventLogError, type NewRecord } from '@watchnext/event-log';
import { traceHeaders } from '@watchnext/service';
import { v7 as timeOrderedId } from 'uuid';
import type { Draft, PlacedItem } from '../pipeline/draft';
import type { Stage } from '../pipeline/executor';
import { DependencyError, describeFailure, type StageFailure } from '../pipeline/failure';
import { rungOf } from '../pipeline/ladder';
import type { Dependency } from '../resilience/dependency';

export const LOG_IMPRESSIONS = 'log-impressions';

/** A record that is not written by then, its list answered long ago, is given up: what waits here is bounded. */
const RECORD_LIMIT_MS = 5_000;
/** So many records wait for a log that stands still, some tens of megabytes; what comes then is unlogged at once. */
export const MOST_LATE_RECORDS = 1_000;
/** Of the stage's time: the list is answered before the executor gives the stage up, and the record with it. */
const MOST_PATIENCE = 0.9;

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
  let lateCount = 0;
  return {
    name: LOG_IMPRESSIONS,
    timeShare: 0.8,
    applies: ({ page, request }) => page.length > 0 && !request.preview,
    run: async (draft, limits) => {
      const event = impressionsEvent(draft, nowMs());
      const value = Event.encode(event).finish();
      const record = { key: draft.request.userId, value, timestampMs: event.receivedAtMs, headers: traceHeaders() };
      // One that waits is dropped with the stage: written later, it would be of a list that nobody got, or counted as unlogged.
      const dropped = new AbortController();
      const drop = () => dropped.abort(limits.signal.reason);
      limits.signal.addEventListener('abort', drop, { once: true });
      const written = write(eventLog, log, record, { dropped, isHurried: limits.isHurried });
      const leftMs = MOST_PATIENCE * (limits.deadlineAtMs - Date.now());
      const isConfirmed = await endsWithin(written, Math.min(patienceMs, leftMs));
      limits.signal.removeEventListener('abort', drop);
      if (isConfirmed) return { patch: {} };
      if (lateCount === MOST_LATE_RECORDS) {
        const tooMany = new DependencyError(
          log.name,
          'dependency-late',
          `${lateCount} records wait for the log already`,
        );
        dropped.abort(tooMany);
        throw tooMany;
      }
      lateCount += 1;
      onLate();
      const { requestId, callId } = draft.request;
      const lost = { requestId, callId, impressionCount: draft.page.length };
      written
        .catch((error: unknown) => onLost(lost, describeFailure(LOG_IMPRESSIONS, error)))
        .finally(() => (lateCount -= 1));
      return { patch: {} };
    },
    failOpen: { name: 'unlogged', recover: (draft, failure) => ({ failures: [...draft.failures, failure] }) },
  };
}

async function write(
  eventLog: EventLog,
  log: Dependency,
  record: NewRecord,
  { dropped, isHurried }: { readonly dropped: AbortController; readonly isHurried: boolean },
): Promise<void> {
  const append = async (signal: AbortSignal) => {
    try {
      await eventLog.append(TOPICS.activity, [record], signal);
    } catch (error) {
      if (!(error instanceof EventLogError)) throw error;
      // What the log will never take is this program's fault, and says nothing against the log.
      const category = error.retriable ? 'dependency-unreachable' : 'dependency-refused';
      throw new DependencyError(log.name, category, error.message, { cause: error });
    }
  };
  // Five seconds are nobody's haste: a log that hangs is one that fails, whoever asked.
  const limits = { deadlineAtMs: Date.now() + RECORD_LIMIT_MS, signal: dropped.signal, isHurried };
  const timer = afterArrivals(() => {
    limits.isHurried = false;
    dropped.abort(new DependencyError(log.name, 'dependency-late', `no record within ${RECORD_LIMIT_MS} ms`));
  }, RECORD_LIMIT_MS);
  try {
    await log.once(append, limits);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether it ended by then. @throws what it fails with by then */
async function endsWithin(work: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const isOver = new Promise<false>((resolve) => {
    timer = afterArrivals(() => resolve(false), ms);
  });
  try {
    return await Promise.race([work.then(() => true as const), isOver]);
  } finally {
    clearTimeout(timer);
  }
}

/** After a pause of this process timers come before what arrived meanwhile; an immediate comes after it. */
const afterArrivals = (work: () => void, ms: number): NodeJS.Timeout => setTimeout(() => setImmediate(work), ms);

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
