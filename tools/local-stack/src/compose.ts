/**
 * The same servers in containers, from `infra/compose/compose.yaml`, for machines with a Docker engine. The compose file
 * stands by itself; here are only the choice of profiles, free ports, and the settings by which clients find them.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { freePorts } from './ports';
import { SENTINEL_MASTER, type RedisTopology } from './redis';
import { S3_BUCKET } from './s3';

export const COMPOSE_FILE = resolve(__dirname, '..', '..', '..', 'infra', 'compose', 'compose.yaml');
const START_LIMIT_SECONDS = 300;

export interface ComposeOptions {
  readonly brokerCount: number;
  readonly redis: RedisTopology | 'none';
  readonly s3?: boolean;
}

/** What a running compose project was started with. */
export interface ComposeProject {
  readonly project: string;
  readonly profiles: readonly string[];
  /** The variables of the compose file: its ports. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface ComposePlan {
  readonly profiles: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  /** Settings with which services and tests find these servers. */
  readonly environment: Readonly<Record<string, string>>;
}

const PORTS_OF_REDIS: Readonly<Record<RedisTopology, readonly string[]>> = {
  standalone: ['REDIS_PORT'],
  cluster: ['REDIS_CLUSTER_1_PORT', 'REDIS_CLUSTER_2_PORT', 'REDIS_CLUSTER_3_PORT'],
  sentinel: [
    'REDIS_PORT',
    'REDIS_REPLICA_PORT',
    'REDIS_SENTINEL_1_PORT',
    'REDIS_SENTINEL_2_PORT',
    'REDIS_SENTINEL_3_PORT',
  ],
};

/** Whether there is an engine that answers, with its compose plugin. */
export function hasDocker(): boolean {
  return docker(['compose', 'version']).status === 0 && docker(['info']).status === 0;
}

export async function planCompose({ brokerCount, redis, s3 = false }: ComposeOptions): Promise<ComposePlan> {
  const kafkaPorts = Array.from({ length: brokerCount }, (_, index) => `KAFKA_${index + 1}_PORT`);
  const redisPorts = redis === 'none' ? [] : PORTS_OF_REDIS[redis];
  const names = [...kafkaPorts, ...redisPorts, ...(s3 ? ['S3_PORT'] : [])];
  const ports = await freePorts(names.length);
  const variables = Object.fromEntries(names.map((name, index) => [name, String(ports[index])]));
  const address = (name: string) => `127.0.0.1:${variables[name]}`;
  const addresses = (some: readonly string[]) => some.map(address).join(',');
  return {
    profiles: [
      ...(brokerCount > 0 ? [`kafka-${brokerCount}`] : []),
      ...(redis === 'none' ? [] : [`redis-${redis}`]),
      ...(s3 ? ['s3'] : []),
    ],
    variables,
    environment: {
      ...(brokerCount > 0 && { WATCHNEXT_KAFKA_BROKERS: addresses(kafkaPorts) }),
      ...(redis === 'standalone' && { WATCHNEXT_REDIS_URL: `redis://${address('REDIS_PORT')}` }),
      ...(redis === 'cluster' && { WATCHNEXT_REDIS_CLUSTER: addresses(redisPorts) }),
      ...(redis === 'sentinel' && {
        WATCHNEXT_REDIS_SENTINELS: addresses(redisPorts.filter((name) => name.includes('SENTINEL'))),
        WATCHNEXT_REDIS_SENTINEL_MASTER: SENTINEL_MASTER,
      }),
      ...(s3 && {
        WATCHNEXT_S3_ENDPOINT: `http://${address('S3_PORT')}`,
        WATCHNEXT_S3_BUCKET: S3_BUCKET,
        WATCHNEXT_S3_ACCESS_KEY_ID: 'test',
        WATCHNEXT_S3_SECRET_ACCESS_KEY: 'test',
      }),
    },
  };
}

/** One project for each folder, so that several stacks can stand side by side. */
export function projectName(directory: string): string {
  return `watchnext-${createHash('sha256').update(resolve(directory)).digest('hex').slice(0, 10)}`;
}

/** Starts the plan's containers and waits until they are healthy. @throws Error with what Docker said, and then some may run */
export function composeUp(project: ComposeProject): void {
  const up = compose(project, ['up', '--detach', '--wait', '--wait-timeout', String(START_LIMIT_SECONDS)]);
  if (up.status !== 0) throw new Error(`docker compose could not start the stack:\n${up.stdout}${up.stderr}`);
}

/** Stops and removes containers, networks and data. */
export function composeDown(project: ComposeProject): void {
  const down = compose(project, ['down', '--volumes', '--remove-orphans']);
  if (down.status !== 0) throw new Error(`docker compose could not stop the stack:\n${down.stdout}${down.stderr}`);
}

/** By service name, the state that Docker tells: "running", "exited" … */
export function composeStates(project: ComposeProject): Map<string, string> {
  const listed = compose(project, ['ps', '--all', '--format', '{{.Service}}\t{{.State}}']);
  if (listed.status !== 0) throw new Error(`docker compose does not answer:\n${listed.stdout}${listed.stderr}`);
  const rows = listed.stdout.split('\n').filter((row) => row !== '');
  return new Map(rows.map((row) => row.split('\t') as [string, string]));
}

function compose({ project, profiles, variables }: ComposeProject, args: readonly string[]) {
  const chosen = profiles.flatMap((profile) => ['--profile', profile]);
  return docker(['compose', '--project-name', project, '--file', COMPOSE_FILE, ...chosen, ...args], variables);
}

function docker(args: readonly string[], variables: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync('docker', args, {
    encoding: 'utf8',
    env: { ...process.env, ...variables },
  });
  return { status, stdout: stdout ?? '', stderr: stderr ?? '' };
}
