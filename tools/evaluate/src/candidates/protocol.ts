/**
 * How the watches are divided. Both protocols give a validation part for choosing settings and epochs, and a test part
 * that nothing is chosen on; what is tested was trained on everything before the test part.
 */
import { spanOfLog, splitMoment } from '@watchnext/evaluation';
import { type CandidateExample, LIMITS } from '@watchnext/features';
import { EvaluationDataError, type UserWatches, type WatchData } from '../data/watch-data';

export type Protocol = LeaveOneOut | TemporalSplit;

/** Each user's last watch is the test, the one before it the validation, the rest training. */
export interface LeaveOneOut {
  readonly name: 'leave-one-out';
  /** Users with fewer watches are left out altogether; at least 3. */
  readonly minWatches: number;
}

/** Watches from a moment on are the test, those of as long a time before it the validation. */
export interface TemporalSplit {
  readonly name: 'temporal';
  /** UTC days held out; the log's last day counts if half of it is there. */
  readonly testDays: number;
  /** Instead of counting back from the end of the log. */
  readonly testFromMs?: number;
  /** Of one user, the first; at least 1. */
  readonly queriesPerUser: number;
}

/** A held-out watch. */
export interface HeldOut {
  readonly example: CandidateExample;
  /** All watches of the user before it, oldest first. */
  readonly earlierVideoIds: readonly string[];
}

/**
 * What of a user's earlier watches is left out of lists: all; none; or what the state holds of them, which is all that serving leaves
 * out. Of a longer history the newest alone.
 */
export const SEEN = ['left-out', 'served', 'kept'] as const;
export type Seen = (typeof SEEN)[number];

export interface Split {
  readonly training: readonly CandidateExample[];
  readonly validation: readonly HeldOut[];
  readonly test: readonly HeldOut[];
  /** All examples of the validation part, also those that are no queries: what a refit adds to training. */
  readonly validationExamples: readonly CandidateExample[];
  /** Held-out watches that are no queries because the user had watched the video before, and it is left out. */
  readonly rewatchCount: number;
  /** For the report. */
  readonly description: string;
}

/**
 * @param seen what is left out of lists: watches of it are no queries
 * @throws EvaluationDataError when a part would be empty
 */
export function splitWatches(data: WatchData, protocol: Protocol, seen: Seen): Split {
  const parts = protocol.name === 'leave-one-out' ? leaveOneOut(data, protocol) : temporal(data, protocol);
  // In order of time: recent popularity goes through the log once then, instead of once for each query.
  const queriesOf = (held: readonly HeldOut[]) =>
    held.filter((one) => !isLeftOut(one, seen)).sort((a, b) => a.example.labelAtMs - b.example.labelAtMs);
  const split: Split = {
    ...parts,
    validation: queriesOf(parts.validation),
    test: queriesOf(parts.test),
    rewatchCount: [...parts.validation, ...parts.test].filter((one) => isLeftOut(one, seen)).length,
  };
  for (const part of ['training', 'validation', 'test'] as const)
    if (split[part].length === 0)
      throw new EvaluationDataError(`${data.source}: ${split.description} leaves no watch for ${part}`);
  return split;
}

type Parts = Omit<Split, 'rewatchCount'>;

function leaveOneOut({ users }: WatchData, { minWatches }: LeaveOneOut): Parts {
  const kept = users.filter(({ examples }) => examples.length >= Math.max(minWatches, 3));
  return {
    training: kept.flatMap(({ examples }) => examples.slice(0, -2)),
    validation: kept.map((user) => heldOut(user, user.examples.length - 2)),
    validationExamples: kept.map(({ examples }) => examples[examples.length - 2]),
    test: kept.map((user) => heldOut(user, user.examples.length - 1)),
    description: `leave-one-out, ${kept.length} of ${users.length} users with ${Math.max(minWatches, 3)} watches or more`,
  };
}

function temporal({ users, timed, source }: WatchData, protocol: TemporalSplit): Parts {
  if (!timed)
    throw new EvaluationDataError(`${source} has no times to split by; evaluate with --protocol leave-one-out`);
  const { testDays, queriesPerUser } = protocol;
  const all = users.flatMap(({ examples }) => examples);
  const { fromMs, toMs } = spanOfLog(all.map(({ labelAtMs }) => labelAtMs));
  const testFromMs = protocol.testFromMs ?? splitMoment(fromMs, toMs, testDays).evaluatedFromMs;
  const validationFromMs = testFromMs - (toMs - testFromMs);
  const between = (from: number, to: number) => (example: CandidateExample) =>
    example.labelAtMs >= from && example.labelAtMs < to;
  const queries = (from: number, to: number) =>
    users.flatMap((user) => {
      const first = user.examples.findIndex(between(from, to));
      if (first === -1) return [];
      const end = user.examples.findIndex(({ labelAtMs }) => labelAtMs >= to);
      const last = Math.min(end === -1 ? user.examples.length : end, first + queriesPerUser);
      return Array.from({ length: last - first }, (_, i) => heldOut(user, first + i));
    });
  const iso = (ms: number) => new Date(ms).toISOString().slice(0, 16);
  return {
    training: all.filter(between(-Infinity, validationFromMs)),
    validation: queries(validationFromMs, testFromMs),
    validationExamples: all.filter(between(validationFromMs, testFromMs)),
    test: queries(testFromMs, toMs + 1),
    description: `temporal split, validation from ${iso(validationFromMs)}, test from ${iso(testFromMs)} to ${iso(toMs)}`,
  };
}

function heldOut({ examples }: UserWatches, index: number): HeldOut {
  return { example: examples[index], earlierVideoIds: examples.slice(0, index).map((earlier) => earlier.labelVideoId) };
}

/** Every earlier watch was completed, so the state holds as many as it keeps of such, whatever else was played. */
export function leftOutFor({ earlierVideoIds }: HeldOut, seen: Seen): readonly string[] {
  if (seen === 'kept') return [];
  return seen === 'served' ? earlierVideoIds.slice(-LIMITS.newestCompleted) : earlierVideoIds;
}

function isLeftOut(held: HeldOut, seen: Seen): boolean {
  return leftOutFor(held, seen).includes(held.example.labelVideoId);
}
