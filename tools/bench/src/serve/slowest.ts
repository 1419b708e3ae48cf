/** What the slowest lists of a run waited for, by the gateway's own timings of their stages. */
import type { LoadResult } from './load/load-job';

/** Slow lists that were due close to each other: they mostly waited for one thing. */
export interface SlowBurst {
  /** When its first list was due, after the start of the load. */
  readonly atSeconds: number;
  readonly lists: number;
  readonly meanMs: number;
  readonly maxMs: number;
  /** Means over its lists, the longest first; `elsewhere` is what no stage took: connections, event loops, the writing of the answer. */
  readonly stages: readonly { readonly stage: string; readonly meanMs: number }[];
}

const ELSEWHERE = 'elsewhere';
const SLOW_SHARE = 0.01;
const SAME_BURST_MS = 500;

/** The slowest hundredth of the lists from the given place on, by bursts; the one that waited longest in all comes first. */
export function slowBursts(
  { dueMs, latencyMs, serverTimings }: Pick<LoadResult, 'dueMs' | 'latencyMs' | 'serverTimings'>,
  firstIndex: number,
): SlowBurst[] {
  const timed = Array.from(dueMs.keys()).filter((i) => i >= firstIndex && serverTimings[i] !== '');
  const slow = timed.toSorted((a, b) => latencyMs[b]! - latencyMs[a]!).slice(0, Math.ceil(SLOW_SHARE * timed.length));
  const bursts: number[][] = [];
  for (const i of slow.sort((a, b) => a - b)) {
    const burst = bursts.at(-1);
    if (burst && dueMs[i]! - dueMs[burst.at(-1)!]! <= SAME_BURST_MS) burst.push(i);
    else bursts.push([i]);
  }
  return bursts
    .map((burst) => {
      const latencies = burst.map((i) => latencyMs[i]!);
      return {
        atSeconds: dueMs[burst[0]!]! / 1_000,
        lists: burst.length,
        meanMs: sum(latencies) / burst.length,
        maxMs: Math.max(...latencies),
        stages: meansOf(burst.map((i) => stagesOf(serverTimings[i]!, latencyMs[i]!))),
      };
    })
    .sort((a, b) => b.lists * b.meanMs - a.lists * a.meanMs);
}

/** "rank;dur=1.5, rank;dur=2" → rank: 3.5, and what is left of the whole. */
function stagesOf(serverTiming: string, latencyMs: number): Map<string, number> {
  const stages = new Map<string, number>();
  for (const [, stage, ms] of serverTiming.matchAll(/([\w-]+);dur=([\d.]+)/g))
    stages.set(stage!, (stages.get(stage!) ?? 0) + Number(ms));
  stages.set(ELSEWHERE, Math.max(0, latencyMs - sum([...stages.values()])));
  return stages;
}

function meansOf(lists: readonly ReadonlyMap<string, number>[]): SlowBurst['stages'] {
  const sums = new Map<string, number>();
  for (const list of lists) for (const [stage, ms] of list) sums.set(stage, (sums.get(stage) ?? 0) + ms);
  return [...sums].map(([stage, ms]) => ({ stage, meanMs: ms / lists.length })).sort((a, b) => b.meanMs - a.meanMs);
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
