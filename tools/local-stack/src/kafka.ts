/**
 * Apache Kafka in KRaft mode, run from its Maven artifacts: no distribution archive, no ZooKeeper. Every node is
 * broker and controller at once, which is meant for development and tests.
 */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freePorts, startListening, stopProcess, type StartedProcess } from './processes';

const POM = resolve(__dirname, '..', 'kafka', 'pom.xml');

/** Fetches Kafka's jars once into `<cacheDirectory>/kafka`. */
export function fetchKafka(cacheDirectory: string): string {
  const jars = join(cacheDirectory, 'kafka');
  if (existsSync(jars)) return jars;
  const partial = `${jars}.partial-${process.pid}`;
  mkdirSync(partial, { recursive: true });
  const fetched = spawnSync(
    'mvn',
    ['-q', '-B', '-f', POM, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${partial}`],
    { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' },
  );
  if (fetched.status !== 0) {
    rmSync(partial, { recursive: true, force: true });
    throw new Error(`Maven could not fetch Kafka:\n${fetched.stdout}${fetched.stderr}`);
  }
  renameSync(partial, jars);
  return jars;
}

/** Starts `brokerCount` nodes of one cluster. On failure those already started are stopped. */
export async function startKafka(jars: string, directory: string, brokerCount: number): Promise<StartedProcess[]> {
  const ports = await freePorts(2 * brokerCount);
  const nodes = Array.from({ length: brokerCount }, (_, index) => ({
    id: index + 1,
    brokerPort: ports[2 * index] as number,
    controllerPort: ports[2 * index + 1] as number,
    directory: join(directory, `kafka-${index + 1}`),
  }));
  const voters = nodes.map((node) => `${node.id}@127.0.0.1:${node.controllerPort}`).join(',');
  const clusterId = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url');
  const replication = Math.min(3, brokerCount);

  for (const node of nodes) {
    mkdirSync(node.directory, { recursive: true });
    const properties = [
      'process.roles=broker,controller',
      `node.id=${node.id}`,
      `controller.quorum.voters=${voters}`,
      `listeners=PLAINTEXT://127.0.0.1:${node.brokerPort},CONTROLLER://127.0.0.1:${node.controllerPort}`,
      `advertised.listeners=PLAINTEXT://127.0.0.1:${node.brokerPort}`,
      'controller.listener.names=CONTROLLER',
      'inter.broker.listener.name=PLAINTEXT',
      `log.dirs=${join(node.directory, 'data')}`,
      'auto.create.topics.enable=false',
      'group.initial.rebalance.delay.ms=0',
      `default.replication.factor=${replication}`,
      `min.insync.replicas=${Math.max(1, replication - 1)}`,
      `offsets.topic.replication.factor=${replication}`,
      'offsets.topic.num.partitions=4',
      `transaction.state.log.replication.factor=${replication}`,
      `transaction.state.log.min.isr=${Math.max(1, replication - 1)}`,
    ];
    const config = join(node.directory, 'server.properties');
    writeFileSync(config, `${properties.join('\n')}\n`);
    const formatted = spawnSync(
      'java',
      ['-cp', join(jars, '*'), 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', config],
      { encoding: 'utf8' },
    );
    if (formatted.status !== 0) throw new Error(`cannot format Kafka's storage:\n${formatted.stdout}${formatted.stderr}`);
  }

  return startAll(
    nodes.map((node) => () =>
      startListening({
        name: `kafka-${node.id}`,
        command: 'java',
        args: ['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC', '-cp', join(jars, '*'), 'kafka.Kafka', join(node.directory, 'server.properties')],
        port: node.brokerPort,
        logFile: join(node.directory, 'kafka.log'),
        cwd: node.directory,
      }),
    ),
  );
}

/** Starts all at once; if one fails, stops the others and reports the failure. */
async function startAll(starts: readonly (() => Promise<StartedProcess>)[]): Promise<StartedProcess[]> {
  const settled = await Promise.allSettled(starts.map((start) => start()));
  const started = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failure = settled.find((result) => result.status === 'rejected');
  if (failure) {
    await Promise.all(started.map(({ pid }) => stopProcess(pid, 5_000)));
    throw failure.reason;
  }
  return started;
}
