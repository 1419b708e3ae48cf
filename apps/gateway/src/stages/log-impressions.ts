import { Event, impressionIdOf, type ImpressionItem, Rung, TOPICS } from '@watchnext/contract';
import { type EventLog, EventLogError } from '@watchnext/event-log';
import { traceHeaders } from '@watchnext/service';
import { v7 as timeOrderedId } from 'uuid';
import type { Draft, PlacedItem } from '../pipeline/draft';
import type { Stage } from '../pipeline/executor';
import { DependencyError } from '../pipeline/failure';
import { rungOf } from '../pipeline/ladder';
import type { Dependency } from '../resilience/dependency';

export const LOG_IMPRESSIONS = 'log-impressions';

/**
 * Writes what is about to be shown, with all that replay needs to compute it again. The answer waits for the log, so
 * that a watch cannot overtake its impression; a log that is down costs the record, not the answer.
 */
export function logImpressionsStage(eventLog: EventLog, log: Dependency, nowMs: () => number): Stage<Draft> {
  return {
    name: LOG_IMPRESSIONS,
    timeShare: 0.8,
    applies: ({ page, request }) => page.length > 0 && !request.preview,
    run: async (draft, limits) => {
      const event = impressionsEvent(draft, nowMs());
      const value = Event.encode(event).finish();
      const record = { key: draft.request.userId, value, timestampMs: event.receivedAtMs, headers: traceHeaders() };
      await log.once(async (signal) => {
        try {
          // One that waits is dropped with the stage: written later, it would be an impression counted as unlogged, or of a list
          // that nobody got.
          await eventLog.append(TOPICS.activity, [record], signal);
        } catch (error) {
          if (!(error instanceof EventLogError)) throw error;
          // What the log will never take is this program's fault, and says nothing against the log.
          const category = error.retriable ? 'dependency-unreachable' : 'dependency-refused';
          throw new DependencyError(log.name, category, error.message, { cause: error });
        }
      }, limits);
      return { patch: {} };
    },
    failOpen: { name: 'unlogged', recover: (draft, failure) => ({ failures: [...draft.failures, failure] }) },
  };
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
