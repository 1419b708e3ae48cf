/**
 * Exactly once into the store, under fire: fuzzed events go in while materialisers are killed, added and removed and
 * servers are restarted; at the end every state must be the one folded from the acknowledged events alone.
 *
 * What is sent and when it strikes follow from the seed: strikes fall at counts of acknowledged events. The producer
 * runs a bounded number of events ahead of the states, so that a strike always finds materialisers at work.
 */
import { createRandom, type Random } from '@watchnext/learning';
import { until } from '../local-system';
import type { MaterialiserFleet } from './materialiser-fleet';
import type { FuzzedProducer } from './producer';
import { setScene, type ChaosWorld } from './scene';
import type { Difference, Truth } from './truth';
import { compareLog, drained, materialiserLag, type LogFindings } from './verify';

export interface ChaosOptions {
  readonly seed: number;
  readonly eventCount: number;
  readonly partitionCount: number;
  /** Strikes at materialisers; each server strike of the world comes once in addition. */
  readonly fleetStrikeCount: number;
  readonly onProgress?: (text: string) => void;
}

export interface ChaosResult {
  readonly seed: number;
  readonly eventCount: number;
  readonly userCount: number;
  readonly strikes: readonly string[];
  readonly repeatedAppends: number;
  readonly log: LogFindings;
  /** Empty where the states are the truth. */
  readonly differences: readonly Difference[];
  readonly seconds: number;
}

interface Strike {
  readonly atEventCount: number;
  readonly name: string;
  /** Which materialiser, counted around. */
  readonly pick: number;
}

const FLEET_STRIKES = ['kill', 'kill', 'add', 'remove'] as const;
const FEWEST_MATERIALISERS = 1;
const MOST_MATERIALISERS = 4;
/** How far the producer runs ahead of the states. */
const MAX_LAG_EVENTS = 15_000;

export async function runChaos(world: ChaosWorld, options: ChaosOptions): Promise<ChaosResult> {
  const { seed, eventCount, partitionCount, onProgress = () => undefined } = options;
  const startedMs = Date.now();
  const { log, store } = world;
  const { truth, producer, fleet } = await setScene(world, seed, partitionCount);
  const strikes: string[] = [];
  // Starts and restarts run beside the producer.
  const background = new Background();
  try {
    await Promise.all([fleet.add(), fleet.add()]);
    for (const strike of planStrikes(createRandom(seed).fork('strikes'), Object.keys(world.serverStrikes), options)) {
      await sendPaced(producer, truth, world, strike.atEventCount);
      const text = await carryOut(strike, world, fleet, background);
      strikes.push(`${strike.atEventCount}: ${text}`);
      onProgress(`${seconds(startedMs)} s, ${strikes.at(-1)}`);
    }
    await sendPaced(producer, truth, world, eventCount);
    await background.settled();
    if (fleet.size < 2) await fleet.add();
    onProgress(`${seconds(startedMs)} s, all ${truth.eventCount} events are acknowledged`);
    await drained(log, store);
    onProgress(`${seconds(startedMs)} s, all are in the states`);
    const differences = await truth.differencesFrom(store);
    const userCount = Array.from({ length: partitionCount }, (_, p) => truth.statesOf(p).size).reduce(
      (a, b) => a + b,
      0,
    );
    const findings = await compareLog(log, truth);
    const { repeatedCount: repeatedAppends } = producer;
    return {
      seed,
      eventCount: truth.eventCount,
      userCount,
      strikes,
      repeatedAppends,
      log: findings,
      differences,
      seconds: seconds(startedMs),
    };
  } finally {
    await background.settled().catch(() => undefined);
    await fleet.dispose();
  }
}

/** Where and what: evenly spread over the events with some play, server strikes among them. */
function planStrikes(random: Random, serverStrikes: readonly string[], options: ChaosOptions): Strike[] {
  const names: string[] = Array.from(
    { length: options.fleetStrikeCount },
    () => FLEET_STRIKES[random.nextInt(FLEET_STRIKES.length)] as string,
  );
  for (const name of serverStrikes) names.splice(random.nextInt(names.length + 1), 0, name);
  const step = options.eventCount / (names.length + 1);
  return names.map((name, index) => ({
    atEventCount: Math.round(step * (index + 0.6 + 0.8 * random.next())),
    name,
    pick: random.nextInt(MOST_MATERIALISERS),
  }));
}

async function sendPaced(
  producer: FuzzedProducer,
  truth: Truth,
  { log, store }: ChaosWorld,
  eventCount: number,
): Promise<void> {
  const checkEvery = MAX_LAG_EVENTS / 5;
  while (truth.eventCount < eventCount) {
    await producer.sendTo(Math.min(eventCount, truth.eventCount + checkEvery));
    await until('the states to come after', async () => (await materialiserLag(log, store)) < MAX_LAG_EVENTS);
  }
}

async function carryOut(
  strike: Strike,
  { serverStrikes }: ChaosWorld,
  fleet: MaterialiserFleet,
  background: Background,
): Promise<string> {
  const onServer = serverStrikes[strike.name];
  if (onServer) {
    // Two servers that are down at once are another test.
    await background.settled();
    background.run(onServer());
    return strike.name;
  }
  if (strike.name === 'add' && fleet.size < MOST_MATERIALISERS) {
    background.run(fleet.add());
    return 'a materialiser is added';
  }
  // The last one's successor may still be starting.
  if (fleet.size === 0) await background.settled();
  const name = strike.name === 'remove' ? await fleet.remove(strike.pick) : await fleet.kill(strike.pick);
  // Whoever is left must take over; only the last one is replaced.
  if (fleet.size < FEWEST_MATERIALISERS) background.run(fleet.add());
  return `${name} is ${strike.name === 'remove' ? 'removed' : 'killed'}`;
}

/** What goes on beside the producer; the first failure is told to whoever waits next. */
class Background {
  private works: Promise<unknown>[] = [];

  run(work: Promise<unknown>): void {
    work.catch(() => undefined);
    this.works.push(work);
  }

  async settled(): Promise<void> {
    await Promise.all(this.works);
    this.works = [];
  }
}

const seconds = (sinceMs: number) => Math.round((Date.now() - sinceMs) / 100) / 10;
