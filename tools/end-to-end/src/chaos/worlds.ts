/** The two places where chaos runs: a stack of real servers of its own, and the embedded drivers in a folder. */
import { join } from 'node:path';
import { embeddedPaths, loadDriverSettings } from '@watchnext/config';
import { openEmbeddedEventLog, openEventLog, type EventLog } from '@watchnext/event-log';
import { openEmbeddedFeatureStore, openFeatureStore, type FeatureStore } from '@watchnext/feature-store';
import { endServer, startServerAgain, startStack, stopStack, type Stack } from '@watchnext/local-stack';
import { stopToo, temporaryFolder } from '../interruption';
import type { ChaosWorld } from './scene';

/** The shortest that brokers allow: a killed consumer's partitions move after it. */
const SESSION_TIMEOUT_MS = 6_000;

export interface OwnWorld extends ChaosWorld {
  dispose(): Promise<void>;
}

export interface RealWorld extends OwnWorld {
  readonly stack: Stack;
  readonly stackDirectory: string;
}

export interface RealWorldOptions {
  readonly brokerCount?: 1 | 3;
  readonly redis?: 'standalone' | 'sentinel';
  /** Further settings of the apps and of this process's own log and store. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Kafka and Redis of its own in a temporary folder, on free ports. */
export async function startRealWorld(options: RealWorldOptions = {}): Promise<RealWorld> {
  const { brokerCount = 1, redis = 'standalone' } = options;
  const { path: directory, remove } = temporaryFolder('chaos');
  const stackDirectory = join(directory, 'stack');
  const stopServers = async () => void (await stopStack(stackDirectory));
  const forget = stopToo(stopServers);
  const stop = async () => {
    await stopServers();
    forget();
    await remove();
  };
  try {
    const stack = await startStack({ directory: stackDirectory, brokerCount, redis });
    const environment = {
      ...stack.environment,
      WATCHNEXT_EVENT_LOG: 'kafka',
      WATCHNEXT_FEATURE_STORE: 'redis',
      WATCHNEXT_KAFKA_REPLICATION_FACTOR: String(brokerCount),
      WATCHNEXT_KAFKA_SESSION_TIMEOUT_MS: String(SESSION_TIMEOUT_MS),
      WATCHNEXT_KAFKA_REQUEST_TIMEOUT_MS: '5000',
      ...options.environment,
    };
    const { log, store } = await openStores(environment, directory);
    const restart = (name: string, signal: 'SIGKILL' | 'SIGTERM') => async () => {
      await endServer(stackDirectory, name, signal);
      await startServerAgain(stackDirectory, name);
    };
    return {
      directory,
      stackDirectory,
      stack,
      environment,
      log,
      store,
      serverStrikes: {
        'Kafka’s broker is stopped and started': restart('kafka-1', 'SIGTERM'),
        'Kafka’s broker is killed and started': restart('kafka-1', 'SIGKILL'),
        ...(redis === 'standalone' && {
          'Redis is stopped and started': restart('redis', 'SIGTERM'),
          'Redis is killed and started': restart('redis', 'SIGKILL'),
        }),
      },
      async dispose() {
        await Promise.allSettled([log.close(), store.close()]);
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Topics, groups and keys of their own on the same servers, and further settings; closed by `dispose`. */
export async function openSpace(
  world: RealWorld,
  name: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<OwnWorld> {
  const directory = join(world.directory, name);
  const own = { WATCHNEXT_KAFKA_NAMESPACE: `${name}.`, WATCHNEXT_REDIS_NAMESPACE: name };
  const settings = { ...world.environment, ...own, ...environment };
  const { log, store } = await openStores(settings, directory);
  return {
    directory,
    log,
    store,
    environment: settings,
    serverStrikes: {},
    async dispose() {
      await Promise.allSettled([log.close(), store.close()]);
    },
  };
}

/** The drivers of one machine, without any server. */
export function startEmbeddedWorld(): OwnWorld {
  const { path: directory, remove } = temporaryFolder('chaos');
  const paths = embeddedPaths(directory);
  const log = openEmbeddedEventLog(paths.eventLog);
  const store = openEmbeddedFeatureStore(paths.featureStore);
  return {
    directory,
    log,
    store,
    environment: {},
    serverStrikes: {},
    async dispose() {
      await Promise.all([log.close(), store.close()]);
      await remove();
    },
  };
}

/** Log and store as the apps open them with these settings. */
export async function openStores(
  environment: Readonly<Record<string, string>>,
  directory: string,
): Promise<{ log: EventLog; store: FeatureStore }> {
  const settings = loadDriverSettings(environment);
  const paths = embeddedPaths(directory);
  const log = await openEventLog(settings, paths.eventLog, 'operator');
  return { log, store: openFeatureStore(settings, paths.featureStore) };
}
