/** One dependency made bad in one way under load, and what callers saw of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Faults } from '@watchnext/testing';
import { until } from '../local-system';
import { quantile } from '@watchnext/learning';
import { type Delivery, type EventAnswer, EventLoad } from './event-load';
import type { Dependency, FaultScene } from './fault-scene';
import { hearing } from './hearing';
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
  /**
   * Of the event log: from the end of the fault until what is told over it afterwards has reached gateway, retrieval and ranking, which follow it
   * on connections of their own; null: not within the limit.
   */
  readonly heardSeconds?: number | null;
  /** Of the collector: what producers saw meanwhile. */
  readonly events?: EventFigures;
}

export interface EventFigures extends Delivery {
  /** Of the whole measurement. */
  readonly requests: number;
  /** Answered after the deadline that each of them named. */
  readonly late: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Answered otherwise than that the events are accepted, or to be sent again; or not at all. */
  readonly unclear: number;
  /** Share of the requests due while the fault lasted, by what they were told and the status. */
  readonly told: Readonly<Record<string, number>>;
}

/** Requests with events for each one for a list. */
const EVENT_SHARE = 0.5;

export interface FaultTiming {
  /** Requests for lists. */
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
  const events =
    dependency === 'collector'
      ? new EventLoad(scene.system.gatewayUrl, EVENT_SHARE * perSecond, deadlineMs)
      : undefined;
  load.start();
  events?.start();
  let fromMs: number;
  let healedAtMs: number;
  let recoveredAtMs: number | undefined;
  let unlogged: number;
  let heardSeconds: number | undefined;
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
    const healing = { healedAtMs, recoveryLimitSeconds };
    const heard = dependency === 'event log' ? hearing(scene, load, healing) : undefined;
    // Told where it is awaited.
    heard?.catch(() => undefined);
    recoveredAtMs = await recovery(scene, dependency, { load, events }, { ...healing, published });
    heardSeconds = await heard;
    await sleep(1_000);
  } finally {
    proxy.set({});
    await Promise.all([load.stop(), events?.stop()]);
  }
  const eventFigures = events && (await figuresOf(scene, events, { fromMs, healedAtMs, recoveryLimitSeconds }));
  const during = load.answers.filter(({ dueAtMs }) => dueAtMs >= fromMs && dueAtMs < healedAtMs);
  return {
    dependency,
    fault,
    requests: load.answers.length,
    failed: load.answers.filter(({ status, itemCount }) => status !== 200 || itemCount === 0).length,
    ...latencyOf(load.answers, deadlineMs),
    rungs: sharesOf(during, ({ rung, status }) => (status === 200 ? rung : `status ${status}`)),
    unlogged: Math.min(
      1,
      unlogged /
        Math.max(
          1,
          during.reduce((sum, { itemCount }) => sum + itemCount, 0),
        ),
    ),
    recoverySeconds: recoveredAtMs && (recoveredAtMs - healedAtMs) / 1_000,
    ...(dependency === 'event log' && { heardSeconds: heardSeconds ?? null }),
    ...(eventFigures && { events: eventFigures }),
  };
}

function latencyOf(answers: readonly { readonly latencyMs: number }[], deadlineMs: number) {
  const latenciesMs = answers.map(({ latencyMs }) => latencyMs);
  const at = (q: number) => quantile(latenciesMs, q);
  const late = latenciesMs.filter((latencyMs) => latencyMs > deadlineMs).length;
  return { late, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

async function figuresOf(
  scene: FaultScene,
  load: EventLoad,
  { fromMs, healedAtMs, recoveryLimitSeconds }: { fromMs: number; healedAtMs: number; recoveryLimitSeconds: number },
): Promise<EventFigures> {
  const log = await scene.system.openLog();
  const delivery = await load.deliver(log, recoveryLimitSeconds * 1_000).finally(() => log.close());
  const isUnclear = ({ advice }: EventAnswer) => advice === 'unclear' || advice === 'none';
  const during = load.answers.filter(({ dueAtMs }) => dueAtMs >= fromMs && dueAtMs < healedAtMs);
  return {
    ...delivery,
    requests: load.answers.length,
    ...latencyOf(load.answers, scene.options.deadlineMs),
    unclear: load.answers.filter(isUnclear).length,
    told: sharesOf(during, ({ advice, status }) => (advice === 'accepted' ? advice : `${advice} (${status})`)),
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
  { load, events }: { readonly load: SteadyLoad; readonly events: EventLoad | undefined },
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
      for (const { dueAtMs, advice } of events?.answers ?? []) {
        if (dueAtMs >= lastTraceMs && advice !== 'accepted') lastTraceMs = dueAtMs;
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

function sharesOf<T>(answers: readonly T[], nameOf: (answer: T) => string): Record<string, number> {
  const shares: Record<string, number> = {};
  for (const answer of answers) {
    const name = nameOf(answer);
    shares[name] = (shares[name] ?? 0) + 1 / answers.length;
  }
  return shares;
}
