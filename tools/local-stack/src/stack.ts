/**
 * A stack lives in one folder: `stack.json` says what runs and where, `run/` holds data and logs and goes away with
 * the stack, `kafka/` the fetched jars, which stay for the next start.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fetchKafka, startKafka } from './kafka';
import { isAlive, stopProcess, type StartedProcess } from './processes';
import { requirePrograms } from './programs';
import { SENTINEL_MASTER, startRedis, type RedisTopology } from './redis';
import { s3Environment, startS3 } from './s3';

export interface StackOptions {
  /** Folder of the stack; made if it is missing. */
  readonly directory: string;
  readonly brokerCount: number;
  readonly redis: RedisTopology;
  /** Whether to start an S3 test server; default: no. */
  readonly s3?: boolean;
}

export interface Stack {
  readonly brokerCount: number;
  readonly redis: RedisTopology;
  readonly processes: readonly StartedProcess[];
  /** Settings with which services and tests find this stack. */
  readonly environment: Readonly<Record<string, string>>;
}

export class StackExistsError extends Error {
  constructor(directory: string) {
    super(`a stack is running from ${directory} already: stop it first with npm run stack:down`);
    this.name = 'StackExistsError';
  }
}

/** @throws MissingProgramError, StackExistsError; after any failure nothing is left running */
export async function startStack(options: StackOptions): Promise<Stack> {
  const directory = resolve(options.directory);
  const running = readStack(directory);
  if (running?.processes.some(({ pid }) => isAlive(pid))) throw new StackExistsError(directory);
  requirePrograms(['java', 'redis-server', 'redis-cli', ...(existsSync(join(directory, 'kafka')) ? [] : ['mvn']), ...(options.s3 ? ['moto_server'] : [])]);

  const run = join(directory, 'run');
  rmSync(run, { recursive: true, force: true });
  mkdirSync(run, { recursive: true });
  const jars = fetchKafka(directory);
  const kafka = await startKafka(jars, run, options.brokerCount);
  let redis: StartedProcess[] = [];
  let s3: StartedProcess | undefined;
  try {
    redis = await startRedis(run, options.redis);
    if (options.s3) s3 = await startS3(run);
  } catch (error) {
    await Promise.all([...kafka, ...redis].map(({ pid }) => stopProcess(pid)));
    throw error;
  }
  const stack: Stack = {
    brokerCount: options.brokerCount,
    redis: options.redis,
    processes: [...kafka, ...redis, ...(s3 ? [s3] : [])],
    environment: {
      WATCHNEXT_KAFKA_BROKERS: addresses(kafka),
      ...redisEnvironment(options.redis, redis),
      ...(s3 ? s3Environment(s3) : {}),
    },
  };
  const file = join(directory, 'stack.json');
  writeFileSync(`${file}.new`, `${JSON.stringify(stack, null, 2)}\n`);
  renameSync(`${file}.new`, file);
  return stack;
}

/** Stops what runs and removes its data. @returns how many processes were stopped */
export async function stopStack(directory: string): Promise<number> {
  const stack = readStack(directory);
  const alive = stack?.processes.filter(({ pid }) => isAlive(pid)) ?? [];
  await Promise.all(alive.map(({ pid }) => stopProcess(pid)));
  rmSync(join(directory, 'run'), { recursive: true, force: true });
  rmSync(join(directory, 'stack.json'), { force: true });
  return alive.length;
}

/** What `stack.json` says; undefined where there is none. */
export function readStack(directory: string): Stack | undefined {
  const file = join(directory, 'stack.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Stack) : undefined;
}

const addresses = (processes: readonly StartedProcess[]) => processes.map(({ port }) => `127.0.0.1:${port}`).join(',');

function redisEnvironment(topology: RedisTopology, processes: readonly StartedProcess[]): Record<string, string> {
  if (topology === 'cluster') return { WATCHNEXT_REDIS_CLUSTER: addresses(processes) };
  if (topology === 'standalone') return { WATCHNEXT_REDIS_URL: `redis://${addresses(processes)}` };
  const sentinels = processes.filter(({ name }) => name.startsWith('sentinel'));
  return { WATCHNEXT_REDIS_SENTINELS: addresses(sentinels), WATCHNEXT_REDIS_SENTINEL_MASTER: SENTINEL_MASTER };
}
