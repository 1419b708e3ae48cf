/** What every chaos test begins with: topics, the fuzzer's producer with the truth it keeps, and no materialiser yet. */
import { topicSpecs } from '@watchnext/contract';
import type { EventLog } from '@watchnext/event-log';
import type { FeatureStore } from '@watchnext/feature-store';
import { EventFuzzer } from './event-fuzzer';
import { MaterialiserFleet } from './materialiser-fleet';
import { FuzzedProducer } from './producer';
import { Truth } from './truth';

/** Where a run takes place: on real servers or on the embedded drivers. */
export interface ChaosWorld {
  readonly log: EventLog;
  readonly store: FeatureStore;
  /** Folder of the materialisers' logs, and of the embedded drivers' data. */
  readonly directory: string;
  /** Settings with which the apps find the same log and store. */
  readonly environment: Readonly<Record<string, string>>;
  /** By name, what can be done to the servers: each resolves when the server is back. */
  readonly serverStrikes: Readonly<Record<string, () => Promise<void>>>;
}

export interface Scene {
  readonly truth: Truth;
  readonly producer: FuzzedProducer;
  readonly fleet: MaterialiserFleet;
}

export async function setScene(world: ChaosWorld, seed: number, partitionCount: number): Promise<Scene> {
  await world.log.ensureTopics(Object.values(topicSpecs(partitionCount)));
  const truth = new Truth(partitionCount);
  const producer = new FuzzedProducer(world.log, new EventFuzzer({ seed }), truth);
  const environment = { ...world.environment, WATCHNEXT_ACTIVITY_PARTITIONS: String(partitionCount) };
  return { truth, producer, fleet: new MaterialiserFleet(world.directory, environment) };
}
