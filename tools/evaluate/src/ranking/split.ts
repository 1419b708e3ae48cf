/** Impressions before and after a moment, and the statistics that ranking knows at each. */
import { spanOfLog, splitMoment } from '@watchnext/evaluation';
import { DAY_MS, type Statistics } from '@watchnext/features';
import type { ReplayedLog } from '@watchnext/offline';
import { EvaluationDataError } from '../data/watch-data';

export interface SplitOptions {
  /** For the message. */
  readonly source: string;
  /** The test part begins here; default: the last `testDays` UTC days. */
  readonly testFromMs?: number;
  readonly testDays: number;
  /** `validation` leaves the test part alone: the last as long a time before it is measured, on what comes before that. */
  readonly part: 'test' | 'validation';
}

/** @throws EvaluationDataError when a part of the split has nothing to learn from or to measure on */
export function splitImpressions({ rankingExamples }: Pick<ReplayedLog, 'rankingExamples'>, options: SplitOptions) {
  if (rankingExamples.length === 0) throw new EvaluationDataError(`${options.source}: there are no impressions`);
  const { fromMs, toMs } = spanOfLog(rankingExamples.map(({ servedAtMs }) => servedAtMs));
  const testFromMs = options.testFromMs ?? splitMoment(fromMs, toMs, options.testDays).evaluatedFromMs;
  const isTest = options.part === 'test';
  const heldOutFromMs = isTest ? testFromMs : testFromMs - (toMs - testFromMs);
  // What is dated beyond the log's end was dated by another clock.
  const heldOutToMs = isTest ? toMs + 1 : testFromMs;
  const training = rankingExamples.filter(({ servedAtMs }) => servedAtMs < heldOutFromMs);
  const heldOut = rankingExamples.filter(({ servedAtMs }) => servedAtMs >= heldOutFromMs && servedAtMs < heldOutToMs);
  const iso = (ms: number) => new Date(ms).toISOString().slice(0, 16);
  const description = `trained before ${iso(heldOutFromMs)}, measured from then to ${iso(Math.min(heldOutToMs, toMs))}`;
  for (const [examples, what] of [
    [training, 'to train on'],
    [heldOut, 'to measure on'],
  ] as const) {
    if (!examples.some(({ clicked }) => clicked))
      throw new EvaluationDataError(`${options.source}: ${description} leaves no watched impression ${what}`);
  }
  return { training, heldOut, heldOutFromMs, description };
}

/** Statistics change with the day only. */
export function byDay(statisticsAt: (atMs: number) => Statistics): (atMs: number) => Statistics {
  const known = new Map<number, Statistics>();
  return (atMs) => {
    const day = Math.floor(atMs / DAY_MS);
    let statistics = known.get(day);
    if (!statistics) known.set(day, (statistics = statisticsAt(atMs)));
    return statistics;
  };
}
