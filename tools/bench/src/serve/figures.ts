/** What a run of the load says, and where the knee of several is. */
import { quantile } from '@watchnext/learning';
import { type LoadResult, NO_RUNG, RUNGS } from './load/load-job';
import { type SlowBurst, slowBursts } from './slowest';

export interface RatePoint {
  /** Asked for, and as the drawn arrivals have it. */
  readonly perSecond: number;
  readonly offeredPerSecond: number;
  readonly requests: number;
  /** Of the requests that were answered with a list, from when they were due; NaN where there are none. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** Shares of all requests. */
  readonly ok: number;
  readonly shed: number;
  readonly failed: number;
  /** What failed, by what was answered: a status, nothing, or no list. */
  readonly failures: Readonly<Record<string, number>>;
  /** Of all requests, by rung; with `shed` and `failed` they add up to 1. */
  readonly rungs: Readonly<Record<string, number>>;
  /** Full lists within the deadline, a second. */
  readonly goodputPerSecond: number;
  readonly largestSendDelayMs: number;
  /** Of the slowest hundredth, what they waited for. */
  readonly slowest: readonly SlowBurst[];
}

export interface Measured {
  readonly perSecond: number;
  /** Requests due in the first seconds warm up and do not count. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Within which a full list is worth something. */
  readonly deadlineMs: number;
}

export function pointOf(result: LoadResult, { perSecond, warmUpSeconds, seconds, deadlineMs }: Measured): RatePoint {
  const { dueMs, latencyMs, statuses, rungs } = result;
  const from = dueMs.findIndex((atMs) => atMs >= warmUpSeconds * 1_000);
  const requests = from < 0 ? 0 : dueMs.length - from;
  const answered: number[] = [];
  const counts = new Map<string, number>();
  const failures: Record<string, number> = {};
  let [shed, failed, good] = [0, 0, 0];
  for (let i = dueMs.length - requests; i < dueMs.length; i++) {
    if (statuses[i] === 429) shed++;
    else if (statuses[i] !== 200 || rungs[i] === NO_RUNG) {
      failed++;
      const what = failureOf(statuses[i]!);
      failures[what] = (failures[what] ?? 0) + 1;
    } else {
      const rung = RUNGS[rungs[i]!]!;
      counts.set(rung, (counts.get(rung) ?? 0) + 1);
      answered.push(latencyMs[i]!);
      if (rung === 'full' && latencyMs[i]! <= deadlineMs) good++;
    }
  }
  const share = (count: number) => (requests === 0 ? 0 : count / requests);
  return {
    perSecond,
    offeredPerSecond: requests / seconds,
    requests,
    p50Ms: quantile(answered, 0.5),
    p99Ms: quantile(answered, 0.99),
    p999Ms: quantile(answered, 0.999),
    maxMs: quantile(answered, 1),
    ok: share(answered.length),
    shed: share(shed),
    failed: share(failed),
    failures,
    rungs: Object.fromEntries([...counts].map(([rung, count]) => [rung, share(count)])),
    goodputPerSecond: good / seconds,
    largestSendDelayMs: result.largestSendDelayMs,
    slowest: slowBursts(result, dueMs.length - requests),
  };
}

const failureOf = (status: number) =>
  status === 0 ? 'no answer' : status === 200 ? 'an empty list' : `status ${status}`;

export interface KneeRule {
  readonly p99Ms: number;
  /** Share of the requests that must get a full list. */
  readonly full: number;
}

export const isWithin = ({ p99Ms, rungs }: Pick<RatePoint, 'p99Ms' | 'rungs'>, rule: KneeRule): boolean =>
  p99Ms <= rule.p99Ms && (rungs['full'] ?? 0) >= rule.full;

/** The highest rate that keeps the rule, below the lowest that does not: what lies beyond that one is luck. */
export function kneeOf<Point extends Pick<RatePoint, 'perSecond' | 'p99Ms' | 'rungs'>>(
  points: readonly Point[],
  rule: KneeRule,
): { readonly knee: Point | undefined; readonly firstBeyond: Point | undefined } {
  const ascending = [...points].sort((a, b) => a.perSecond - b.perSecond);
  const beyond = ascending.findIndex((point) => !isWithin(point, rule));
  const within = beyond < 0 ? ascending : ascending.slice(0, beyond);
  return { knee: within.at(-1), firstBeyond: ascending[beyond < 0 ? ascending.length : beyond] };
}

/** Goodput at an overload, as a share of the knee's. */
export const goodputRatio = (overloaded: RatePoint, knee: RatePoint): number =>
  overloaded.goodputPerSecond / knee.goodputPerSecond;
