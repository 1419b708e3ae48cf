/**
 * A stack lives in one folder: `stack.json` says what runs and where, `run/` holds data and logs and goes away with
 * the stack. Kafka's jars are kept apart, for every stack to come.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { identify, isAlive, type ProcessIdentity } from '@watchnext/folder-lock';
import { composeDown } from './compose';
import { startKafka } from './kafka';
import { defaultJarsDirectory, fetchKafka, hasJars } from './kafka-jars';
import { createSecurity, type KafkaSecurity } from './kafka-security';
import { freePorts } from './ports';
import { stopProcess, type StartedProcess } from './processes';
import { missingPrograms, requirePrograms } from './programs';
import { SENTINEL_MASTER, startRedis, type RedisTopology } from './redis';
import { s3Environment, startS3 } from './s3';
import {
  assertNoneRuns,
  assertVerified,
  ForeignFolderError,
  readStack,
  serversOf,
  StackStoppedError,
  writeStack,
  type Stack,
} from './stack-file';

export interface StackOptions {
  /** Folder of the stack; made if it is missing. */
  readonly directory: string;
  /** 0: no Kafka. */
  readonly brokerCount: number;
  readonly redis: RedisTopology | 'none';
  /** Whether to start an S3 test server; default: no. */
  readonly s3?: boolean;
  /** Where Kafka's jars are kept between stacks; default: see `defaultJarsDirectory`. */
  readonly jarsDirectory?: string;
  /** Told when something has to be tried again. */
  readonly onRetry?: (problem: string) => void;
  /** Clients are asked for TLS and SCRAM, and may do only what they were granted. */
  readonly secureKafka?: boolean;
  /** With `secureKafka`: names of further users. */
  readonly kafkaUsers?: readonly string[];
  /**
   * Called before the brokers start, with the ports they will listen on; what it returns is what they tell clients.
   * So a proxy can stand between.
   */
  readonly advertise?: (brokerPorts: readonly number[]) => Promise<readonly number[]>;
}

/**
 * What specs that start servers of their own would not find on this machine, in words. Maven is not asked for: no spec
 * fetches anything.
 */
export function missingForStack(needed: {
  readonly kafka?: boolean;
  readonly redis?: boolean;
  readonly s3?: boolean;
  readonly certificates?: boolean;
}): string[] {
  return [
    ...missingPrograms([
      ...(needed.kafka ? ['java'] : []),
      ...(needed.redis ? ['redis-server', 'redis-cli'] : []),
      ...(needed.s3 ? ['moto'] : []),
      ...(needed.certificates ? ['openssl'] : []),
    ]),
    ...(needed.kafka && !hasJars(defaultJarsDirectory())
      ? ["Kafka's jars (npm run stack:fetch, or WATCHNEXT_STACK_DIR with their folder)"]
      : []),
  ];
}

/** @throws MissingProgramError, StackExistsError, UnverifiedStackError, DamagedStackError, ForeignFolderError; after any failure nothing is left running */
export async function startStack(options: StackOptions): Promise<Stack> {
  const directory = resolve(options.directory);
  assertNoneRuns(directory);
  const jarsDirectory = resolve(options.jarsDirectory ?? defaultJarsDirectory());
  const { brokerCount } = options;
  requirePrograms([
    ...(brokerCount > 0 ? ['java'] : []),
    ...(options.redis === 'none' ? [] : ['redis-server', 'redis-cli']),
    ...(brokerCount === 0 || hasJars(jarsDirectory) ? [] : ['mvn']),
    ...(options.s3 ? ['moto'] : []),
    ...(options.secureKafka ? ['openssl'] : []),
  ]);

  const run = join(directory, 'run');
  assertOwnRun(directory, run);
  mkdirSync(directory, { recursive: true });
  const starting = identify(process.pid);
  const begun: Stack = { starting, brokerCount, redis: options.redis, processes: [], environment: {} };
  const started: StartedProcess[] = [];
  // Written as each server is there: whoever interrupts the start can still stop them.
  const onSpawn = (server: StartedProcess) => {
    assertStillOurs(directory, starting);
    started.push(server);
    writeStack(directory, { ...begun, processes: started });
  };
  // First of all: from here on `run` is a stack's, however the start ends.
  writeStack(directory, begun);
  try {
    rmSync(run, { recursive: true, force: true });
    mkdirSync(run);
    const securityDirectory = join(run, 'security');
    const security = options.secureKafka ? createSecurity(securityDirectory, options.kafkaUsers) : undefined;
    const brokerPorts = options.advertise && (await freePorts(options.brokerCount));
    const advertisedPorts = brokerPorts && (await options.advertise?.(brokerPorts));
    const kafka =
      brokerCount === 0
        ? []
        : await startKafka(await fetchKafka(jarsDirectory, options.onRetry), run, {
            brokerCount,
            brokerPorts,
            advertisedPorts,
            security,
            securityDirectory,
            onSpawn,
          });
    const redis = options.redis === 'none' ? [] : await startRedis(run, options.redis, onSpawn);
    const s3 = options.s3 ? await startS3(run, onSpawn) : undefined;
    const stack: Stack = {
      brokerCount,
      redis: options.redis,
      processes: [...kafka, ...redis, ...(s3 ? [s3] : [])],
      ...(security && { security }),
      environment: {
        ...(brokerCount > 0 && {
          WATCHNEXT_KAFKA_BROKERS: advertisedPorts ? advertisedPorts.map(address).join(',') : addresses(kafka),
        }),
        ...(security && securityEnvironment(security)),
        ...redisEnvironment(options.redis, redis),
        ...(s3 ? s3Environment(s3) : {}),
      },
    };
    assertStillOurs(directory, starting);
    writeStack(directory, stack);
    return stack;
  } catch (error) {
    await Promise.all(started.map((one) => stopProcess(one)));
    // Another start may have begun where this one was stopped.
    if (readStack(directory) === undefined || isOurs(directory, starting)) removeAll(directory);
    throw error;
  }
}

/** Servers in containers write no `run`. @throws ForeignFolderError */
function assertOwnRun(directory: string, run: string): void {
  const stack = readStack(directory);
  if (existsSync(run) && (!stack || stack.compose)) throw new ForeignFolderError(run);
}

/** @throws StackStoppedError where `stopStack` was called meanwhile, here or in another process */
function assertStillOurs(directory: string, starting: ProcessIdentity): void {
  if (!isOurs(directory, starting)) throw new StackStoppedError(directory);
}

function isOurs(directory: string, { pid, startedAt }: ProcessIdentity): boolean {
  const found = readStack(directory)?.starting;
  return found?.pid === pid && found.startedAt === startedAt;
}

function removeAll(directory: string): void {
  rmSync(join(directory, 'run'), { recursive: true, force: true });
  rmSync(join(directory, 'stack.json'), { force: true });
}

/**
 * Stops what runs and removes its data. A stack that is still being started is stopped too, and its start then fails. Without a `stack.json` there is
 * nothing to stop, and nothing is removed.
 *
 * @returns how many processes or containers were stopped
 * @throws UnverifiedStackError, DamagedStackError, and then nothing was stopped
 */
export async function stopStack(directory: string): Promise<number> {
  const stack = readStack(directory);
  if (!stack) return 0;
  if (stack.compose) {
    const count = serversOf(stack).size;
    composeDown(stack.compose);
    rmSync(join(directory, 'stack.json'), { force: true });
    return count;
  }
  assertVerified(directory, stack);
  let stoppedCount = 0;
  for (;;) {
    // Read again each time: while some are stopped, a start that is under way may add others.
    const alive = readStack(directory)?.processes.filter(isAlive) ?? [];
    if (alive.length === 0) break;
    await Promise.all(alive.map((one) => stopProcess(one)));
    stoppedCount += alive.length;
  }
  removeAll(directory);
  return stoppedCount;
}

const address = (port: number) => `127.0.0.1:${port}`;
const addresses = (processes: readonly StartedProcess[]) => processes.map(({ port }) => address(port)).join(',');

function securityEnvironment({ caFile, admin }: KafkaSecurity): Record<string, string> {
  return {
    WATCHNEXT_KAFKA_TLS: 'true',
    WATCHNEXT_KAFKA_TLS_CA_FILE: caFile,
    WATCHNEXT_KAFKA_SASL_MECHANISM: 'scram-sha-512',
    WATCHNEXT_KAFKA_SASL_USERNAME: admin.username,
    WATCHNEXT_KAFKA_SASL_PASSWORD: admin.password,
  };
}

function redisEnvironment(
  topology: StackOptions['redis'],
  processes: readonly StartedProcess[],
): Record<string, string> {
  if (topology === 'none') return {};
  if (topology === 'cluster') return { WATCHNEXT_REDIS_CLUSTER: addresses(processes) };
  if (topology === 'standalone') return { WATCHNEXT_REDIS_URL: `redis://${addresses(processes)}` };
  const sentinels = processes.filter(({ name }) => name.startsWith('sentinel'));
  return { WATCHNEXT_REDIS_SENTINELS: addresses(sentinels), WATCHNEXT_REDIS_SENTINEL_MASTER: SENTINEL_MASTER };
}
