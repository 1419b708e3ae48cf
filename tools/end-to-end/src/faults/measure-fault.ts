/** One dependency made bad in one way under load, and what callers saw of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Faults } from '@watchnext/testing';
import { until } from '../local-system';
import type { Dependency, FaultScene } from './fault-scene';
import { type Answered, SteadyLoad } from './steady-load';

export const FAULT_KINDS = ['killed', 'hung', 'slowed', 'corrupted'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface FaultRow {
  readonly dependency: Dependency;
  readonly fault: FaultKind;
  /** Requests of the whole measurement, from a second before the fault to a second after the recovery. */
  readonly requests: number;
  /** Answered otherwise than by 200 with a list. */
  readonly failed: number;
  /** Answered after the deadline. */
  readonly late: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Share of the requests due while the fault lasted that stood on each rung. */
  readonly rungs: Readonly<Record<string, number>>;
  /** Of those, the share answered without a record in the log. */
  readonly unlogged: number;
  /** From the end of the fault until nothing of it was seen any more; undefined: not within the limit. */
  readonly recoverySeconds: number | undefined;
}

export interface FaultTiming {
  readonly perSecond: number;
  readonly faultSeconds: number;
  /** Recovery is waited for this long. */
  readonly recoveryLimitSeconds: number;
}

function faultsOf(kind: FaultKind, deadlineMs: number): Faults {
  switch (kind) {
    case 'killed':
      return { refuse: true };
    case 'hung':
      return { upstream: { hang: true }, downstream: { hang: true } };
    case 'slowed':
      return { downstream: { delayMs: 2 * deadlineMs } };
    case 'corrupted':
      return { downstream: { corrupt: true } };
  }
}

export async function measureFault(
  scene: FaultScene,
  dependency: Dependency,
  fault: FaultKind,
  { perSecond, faultSeconds, recoveryLimitSeconds }: FaultTiming,
): Promise<FaultRow> {
  const { deadlineMs } = scene.options;
  const proxy = scene.proxies.get(dependency);
  if (!proxy)
    throw new Error(`nothing stands between the gateway and its ${dependency}: it runs on an embedded driver`);
  await scene.allWell();
  const load = new SteadyLoad(scene.system.gatewayUrl, perSecond);
  load.start();
  let fromMs: number;
  let healedAtMs: number;
  let recoveredAtMs: number | undefined;
  let unlogged: number;
  try {
    await sleep(1_000);
    const unloggedBefore = await scene.unloggedImpressions();
    fromMs = Date.now();
    proxy.set(faultsOf(fault, deadlineMs));
    if (fault === 'killed') proxy.reset();
    // A snapshot that is published meanwhile is what a broken store keeps from the services.
    const published = dependency === 'snapshot store' ? await scene.publish() : undefined;
    await sleep(fromMs + faultSeconds * 1_000 - Date.now());
    unlogged = (await scene.unloggedImpressions()) - unloggedBefore;
    proxy.set({});
    healedAtMs = Date.now();
    recoveredAtMs = await recovery(scene, dependency, load, { healedAtMs, published, recoveryLimitSeconds });
    await sleep(1_000);
  } finally {
    proxy.set({});
    await load.stop();
  }
  const during = load.answers.filter(({ dueAtMs }) => dueAtMs >= fromMs && dueAtMs < healedAtMs);
  const latenciesMs = load.answers.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  const at = (q: number) => latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(q * latenciesMs.length))] ?? NaN;
  return {
    dependency,
    fault,
    requests: load.answers.length,
    failed: load.answers.filter(({ status, itemCount }) => status !== 200 || itemCount === 0).length,
    late: latenciesMs.filter((latencyMs) => latencyMs > deadlineMs).length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
    rungs: sharesOf(during),
    unlogged: Math.min(
      1,
      unlogged /
        Math.max(
          1,
          during.reduce((sum, { itemCount }) => sum + itemCount, 0),
        ),
    ),
    recoverySeconds: recoveredAtMs && (recoveredAtMs - healedAtMs) / 1_000,
  };
}

interface Recovering {
  readonly healedAtMs: number;
  /** A snapshot that must serve for the recovery to be one. */
  readonly published: string | undefined;
  readonly recoveryLimitSeconds: number;
}

/** For how long nothing of the fault may be seen for it to be over. */
const QUIET_MS = 1_500;

/** @returns when the last trace of the fault was seen, in milliseconds since the epoch; undefined where that does not end */
async function recovery(
  scene: FaultScene,
  dependency: Dependency,
  load: SteadyLoad,
  { healedAtMs, published, recoveryLimitSeconds }: Recovering,
): Promise<number | undefined> {
  let lastTraceMs = healedAtMs;
  let unlogged = await scene.unloggedImpressions();
  const isTraced = ({ rung, snapshotId }: Answered) =>
    rung !== 'full' || (published !== undefined && snapshotId !== published);
  const limitMs = recoveryLimitSeconds * 1_000 + QUIET_MS;
  const isOver = await until(
    `the ${dependency} to be used again`,
    async () => {
      const now = await scene.unloggedImpressions();
      if (now !== unlogged) lastTraceMs = Date.now();
      unlogged = now;
      for (const answer of load.answers) {
        if (answer.dueAtMs >= lastTraceMs && isTraced(answer)) lastTraceMs = answer.dueAtMs;
      }
      return Date.now() - lastTraceMs > QUIET_MS && load.answers.some(({ dueAtMs }) => dueAtMs > lastTraceMs);
    },
    limitMs,
  ).then(
    () => true,
    () => false,
  );
  return isOver ? lastTraceMs : undefined;
}

function sharesOf(answers: readonly Answered[]): Record<string, number> {
  const shares: Record<string, number> = {};
  for (const { rung, status } of answers) {
    const name = status === 200 ? rung : `status ${status}`;
    shares[name] = (shares[name] ?? 0) + 1 / answers.length;
  }
  return shares;
}
