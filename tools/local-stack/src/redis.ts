/** Redis from the system's `redis-server`: alone, as a cluster of three primaries, or a primary with a replica and sentinels. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from './ports';
import { type OnSpawn, startListening, stopProcess, type StartedProcess } from './processes';

export type RedisTopology = 'standalone' | 'cluster' | 'sentinel';
/** Name under which the sentinels know the primary. */
export const SENTINEL_MASTER = 'watchnext';

export async function startRedis(
  directory: string,
  topology: RedisTopology,
  onSpawn?: OnSpawn,
): Promise<StartedProcess[]> {
  const started: StartedProcess[] = [];
  const launch = async (name: string, port: number, lines: readonly string[], mode: readonly string[] = []) => {
    const process = await startNode(directory, name, port, lines, mode, onSpawn);
    started.push(process);
    return process;
  };
  try {
    if (topology === 'standalone') {
      const [port] = (await freePorts(1)) as [number];
      await launch('redis', port, []);
    } else if (topology === 'cluster') {
      // A node also takes its port + 10,000, for the bus: out of the system's own range as well.
      const ports = await freePorts(3, (port) => port + 10_000 < 32_768);
      for (const [index, port] of ports.entries()) {
        await launch(`redis-${index + 1}`, port, [
          'cluster-enabled yes',
          'cluster-node-timeout 5000',
          'cluster-require-full-coverage no',
        ]);
      }
      await formCluster(ports);
    } else {
      const [primary, replica, ...sentinels] = (await freePorts(5)) as [number, number, ...number[]];
      await launch('redis-primary', primary, ['repl-diskless-sync-delay 0']);
      await launch('redis-replica', replica, [`replicaof 127.0.0.1 ${primary}`]);
      for (const [index, port] of sentinels.entries()) {
        await launch(
          `sentinel-${index + 1}`,
          port,
          [
            `sentinel monitor ${SENTINEL_MASTER} 127.0.0.1 ${primary} 2`,
            `sentinel down-after-milliseconds ${SENTINEL_MASTER} 5000`,
            `sentinel failover-timeout ${SENTINEL_MASTER} 4000`,
          ],
          ['--sentinel'],
        );
      }
      await until('the sentinels to know the replica', () =>
        sentinels.every((port) => redisCli(port, 'sentinel', 'replicas', SENTINEL_MASTER).includes(String(replica))),
      );
    }
    return started;
  } catch (error) {
    await Promise.all(started.map((one) => stopProcess(one, 5_000)));
    throw error;
  }
}

async function startNode(
  directory: string,
  name: string,
  port: number,
  lines: readonly string[],
  mode: readonly string[],
  onSpawn: OnSpawn | undefined,
) {
  const home = join(directory, name);
  mkdirSync(home, { recursive: true });
  const config = join(home, 'redis.conf');
  const durable = mode.length === 0 ? ['appendonly yes', 'appendfsync everysec', 'save ""'] : [];
  writeFileSync(
    config,
    [`port ${port}`, 'bind 127.0.0.1', `dir ${home}`, 'daemonize no', ...durable, ...lines, ''].join('\n'),
  );
  return startListening({
    name,
    command: 'redis-server',
    args: [config, ...mode],
    port,
    logFile: join(home, 'redis.log'),
    cwd: home,
    onSpawn,
  });
}

async function formCluster(ports: readonly number[]): Promise<void> {
  const nodes = ports.map((port) => `127.0.0.1:${port}`);
  const created = spawnSync(
    'redis-cli',
    ['--cluster', 'create', ...nodes, '--cluster-replicas', '0', '--cluster-yes'],
    { encoding: 'utf8' },
  );
  if (created.status !== 0) throw new Error(`cannot form the Redis cluster:\n${created.stdout}${created.stderr}`);
  await until('the Redis cluster to agree', () =>
    ports.every((port) => redisCli(port, 'cluster', 'info').includes('cluster_state:ok')),
  );
}

function redisCli(port: number, ...args: string[]): string {
  return spawnSync('redis-cli', ['-p', String(port), ...args], { encoding: 'utf8' }).stdout ?? '';
}

async function until(what: string, condition: () => boolean, timeoutMs = 120_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await sleep(200);
  }
}
