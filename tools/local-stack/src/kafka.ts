/**
 * Apache Kafka in KRaft mode, run from its Maven artifacts: no distribution archive, no ZooKeeper. Every node is
 * broker and controller at once, which is meant for development and tests.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scramArguments, securityProperties, type KafkaSecurity } from './kafka-security';
import { freePorts } from './ports';
import { type OnSpawn, startListening, stopProcess, type StartedProcess } from './processes';

export interface KafkaOptions {
  readonly brokerCount: number;
  /**
   * Ports that the brokers tell clients to use, in their order, where something (a proxy) passes on to them; a broker
   * without one tells its own. Brokers talk to each other directly.
   */
  readonly advertisedPorts?: readonly number[];
  /** Ports that the brokers shall listen on, when the proxies before them must know; default: any free ones. */
  readonly brokerPorts?: readonly number[];
  readonly security?: KafkaSecurity;
  /** Folder of the certificates, with `security`. */
  readonly securityDirectory?: string;
  readonly onSpawn?: OnSpawn;
}

interface Node {
  readonly id: number;
  readonly clientPort: number;
  readonly internalPort: number;
  readonly controllerPort: number;
  readonly directory: string;
}

/** Starts the nodes of one cluster. On failure those already started are stopped. */
export async function startKafka(jars: string, directory: string, options: KafkaOptions): Promise<StartedProcess[]> {
  const { brokerCount } = options;
  const ports = await freePorts(3 * brokerCount);
  const nodes = Array.from({ length: brokerCount }, (_, index): Node => ({
    id: index + 1,
    clientPort: options.brokerPorts?.[index] ?? (ports[3 * index] as number),
    internalPort: ports[3 * index + 1] as number,
    controllerPort: ports[3 * index + 2] as number,
    directory: join(directory, `kafka-${index + 1}`),
  }));
  const clusterId = newClusterId();
  for (const node of nodes) format(jars, node, clusterId, serverProperties(node, nodes, options), options.security);
  return startAll(nodes.map((node) => () => startNode(jars, node, options.onSpawn)));
}

/** A UUID in base64url. One that began with "-" would be taken for an option of the formatter: the highest bit is 0, for a letter. */
export function newClusterId(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8(bytes.readUInt8(0) & 0x7f);
  return bytes.toString('base64url');
}

function serverProperties(node: Node, nodes: readonly Node[], options: KafkaOptions): string[] {
  const voters = nodes.map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`).join(',');
  const replication = Math.min(3, nodes.length);
  const advertisedPort = options.advertisedPorts?.[node.id - 1] ?? node.clientPort;
  const { security, securityDirectory } = options;
  return [
    'process.roles=broker,controller',
    `node.id=${node.id}`,
    `controller.quorum.voters=${voters}`,
    `listeners=CLIENT://127.0.0.1:${node.clientPort},INTERNAL://127.0.0.1:${node.internalPort},CONTROLLER://127.0.0.1:${node.controllerPort}`,
    `advertised.listeners=CLIENT://127.0.0.1:${advertisedPort},INTERNAL://127.0.0.1:${node.internalPort}`,
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=INTERNAL',
    ...(security && securityDirectory
      ? securityProperties(securityDirectory)
      : ['listener.security.protocol.map=CLIENT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT']),
    `log.dirs=${join(node.directory, 'data')}`,
    'auto.create.topics.enable=false',
    // By their own times, records of a history would be gone minutes after they were written: Kafka keeps a week.
    'log.retention.ms=-1',
    'group.initial.rebalance.delay.ms=0',
    `default.replication.factor=${replication}`,
    `min.insync.replicas=${Math.max(1, replication - 1)}`,
    `offsets.topic.replication.factor=${replication}`,
    'offsets.topic.num.partitions=4',
    `transaction.state.log.replication.factor=${replication}`,
    `transaction.state.log.min.isr=${Math.max(1, replication - 1)}`,
  ];
}

function format(
  jars: string,
  node: Node,
  clusterId: string,
  properties: readonly string[],
  security: KafkaSecurity | undefined,
): void {
  mkdirSync(node.directory, { recursive: true });
  const config = join(node.directory, 'server.properties');
  writeFileSync(config, `${properties.join('\n')}\n`);
  const scram = security ? scramArguments(security) : [];
  const formatted = spawnSync(
    'java',
    ['-cp', join(jars, '*'), 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', config, ...scram],
    { encoding: 'utf8' },
  );
  if (formatted.status !== 0) throw new Error(`cannot format Kafka's storage:\n${formatted.stdout}${formatted.stderr}`);
}

function startNode(jars: string, { id, clientPort, directory }: Node, onSpawn?: OnSpawn): Promise<StartedProcess> {
  return startListening({
    name: `kafka-${id}`,
    ...javaCommand(jars, directory),
    port: clientPort,
    logFile: join(directory, 'kafka.log'),
    onSpawn,
  });
}

const javaCommand = (jars: string, directory: string) => ({
  command: 'java',
  args: [
    '-Xms256m',
    '-Xmx512m',
    '-XX:+UseSerialGC',
    '-cp',
    join(jars, '*'),
    'kafka.Kafka',
    join(directory, 'server.properties'),
  ],
  cwd: directory,
});

/** Starts all at once; if one fails, stops the others and reports the failure. */
async function startAll(starts: readonly (() => Promise<StartedProcess>)[]): Promise<StartedProcess[]> {
  const settled = await Promise.allSettled(starts.map((start) => start()));
  const started = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failure = settled.find((result) => result.status === 'rejected');
  if (failure) {
    await Promise.all(started.map((one) => stopProcess(one, 5_000)));
    throw failure.reason;
  }
  return started;
}
