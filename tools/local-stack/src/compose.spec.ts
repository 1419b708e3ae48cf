import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { eventually } from '@watchnext/waiting/testing';
import { COMPOSE_FILE, planCompose, type ComposeOptions } from './compose';
import { startComposeStack } from './compose-stack';
import { freePorts } from './ports';
import { kafkaVersion } from './kafka-jars';
import { missingPrograms } from './programs';
import { startStack, stopStack } from './stack';
import { ForeignFolderError, readStack, serversOf, StackExistsError } from './stack-file';

interface Service {
  readonly image: string;
  readonly profiles: readonly string[];
  readonly ports: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly healthcheck?: object;
}

const text = readFileSync(COMPOSE_FILE, 'utf8');
const { services } = parse(text, { merge: true }) as { services: Record<string, Service> };
const variablesIn = (value: unknown) =>
  new Set([...JSON.stringify(value).matchAll(/\$\{(\w+):-\d+\}/g)].map((match) => match[1] as string));

const EVERY_STACK: ComposeOptions[] = [
  { brokerCount: 1, redis: 'standalone' },
  { brokerCount: 3, redis: 'cluster', s3: true },
  { brokerCount: 0, redis: 'sentinel' },
  { brokerCount: 1, redis: 'none', s3: true },
];

describe('the compose file', () => {
  it.each(EVERY_STACK)('has what a stack of %j needs, on the ports that its clients are told', async (options) => {
    const { profiles, variables, environment } = await planCompose(options);
    const started = Object.values(services).filter((service) => service.profiles.some((one) => profiles.includes(one)));
    for (const profile of profiles) expect(started.flatMap((service) => service.profiles)).toContain(profile);
    // A port that is not set would be one of the usual ports, where another stack may listen.
    expect([...new Set(started.flatMap((service) => [...variablesIn(service)]))].sort()).toEqual(
      Object.keys(variables).sort(),
    );
    const published = started.flatMap(({ ports }) => ports).map((port) => port.replace(/\$\{(\w+):-\d+\}/g, '$1'));
    for (const name of Object.keys(variables)) expect(published).toContain(`127.0.0.1:${name}:${name}`);
    const told =
      Object.values(environment)
        .join(' ')
        .match(/127\.0\.0\.1:\d+/g) ?? [];
    for (const address of told) expect(Object.values(variables)).toContain(address.split(':')[1]);
  });

  it('publishes on the loopback only, waits for health, and names the files that it mounts', () => {
    for (const [name, { ports, healthcheck, volumes = [] }] of Object.entries(services)) {
      expect({ name, healthcheck }).toMatchObject({ healthcheck: expect.any(Object) });
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
      for (const volume of volumes) {
        expect(existsSync(join(dirname(COMPOSE_FILE), volume.split(':')[0] as string))).toBe(true);
      }
    }
  });

  it('has the version of Kafka that runs without containers', () => {
    for (const name of ['kafka', 'kafka-1', 'kafka-2', 'kafka-3']) {
      expect(services[name]?.image).toBe(`apache/kafka:${kafkaVersion()}`);
    }
  });

  it('tells brokers of one cluster apart, and lets a write count once two of three have it', () => {
    const brokers = ['kafka-1', 'kafka-2', 'kafka-3'].map((name) => services[name]?.environment);
    expect(brokers.map((one) => one?.['KAFKA_NODE_ID'])).toEqual(['1', '2', '3']);
    for (const one of brokers) expect(one).toMatchObject({ KAFKA_MIN_INSYNC_REPLICAS: '2' });
    expect(new Set(brokers.map((one) => one?.['KAFKA_CONTROLLER_QUORUM_VOTERS'])).size).toBe(1);
  });
});

describe('a stack in containers, before a program that is called docker', () => {
  let directory: string;
  let path: string | undefined;
  const calls = () => readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n');
  /** A stand-in that notes its calls: no engine is at hand where specs run. */
  const docker = (body: string) => {
    const file = join(directory, 'bin', 'docker');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\necho "REDIS_PORT=$REDIS_PORT $*" >> ${join(directory, 'calls')}\n${body}\n`);
    chmodSync(file, 0o755);
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'watchnext-compose-'));
    path = process.env['PATH'];
    process.env['PATH'] = `${join(directory, 'bin')}:${path}`;
  });
  afterEach(() => {
    process.env['PATH'] = path;
    rmSync(directory, { recursive: true, force: true });
  });

  it('is started with its profiles and ports, told by its folder, and taken down with its data', async () => {
    docker(`case "$*" in *" ps "*) printf 'redis\\trunning\\nkafka\\texited\\n';; esac`);
    const stack = await startComposeStack({ directory, brokerCount: 1, redis: 'standalone' });
    const port = stack.compose?.variables['REDIS_PORT'];
    expect(stack.environment['WATCHNEXT_REDIS_URL']).toBe(`redis://127.0.0.1:${port}`);
    expect(calls()).toEqual([
      expect.stringMatching(
        new RegExp(
          `^REDIS_PORT=${port} compose --project-name watchnext-\\w{10} --file \\S+compose.yaml ` +
            '--profile kafka-1 --profile redis-standalone up --detach --wait',
        ),
      ),
    ]);
    expect(readStack(directory)).toEqual(stack);
    expect([...serversOf(stack)]).toEqual([
      ['redis', true],
      ['kafka', false],
    ]);
    await expect(startComposeStack({ directory, brokerCount: 1, redis: 'none' })).rejects.toThrow(StackExistsError);
    await stopStack(directory);
    expect(calls().at(-1)).toMatch(/down --volumes --remove-orphans$/);
    expect(readStack(directory)).toBeUndefined();
  });

  it('is taken down again where it does not come up, and Docker’s own words are passed on', async () => {
    docker(`case "$*" in *" up "*) echo 'port is taken' >&2; exit 17;; esac`);
    await expect(startComposeStack({ directory, brokerCount: 0, redis: 'cluster' })).rejects.toThrow('port is taken');
    expect(calls().at(-1)).toMatch(/ down /);
    expect(calls()).toHaveLength(2);
    expect(readStack(directory)).toBeUndefined();
  });

  it('is taken down again where its containers run and its bucket cannot be made', async () => {
    docker('');
    // Nothing listens on the port that was chosen for S3.
    await expect(startComposeStack({ directory, brokerCount: 0, redis: 'none', s3: true })).rejects.toThrow(
      'fetch failed',
    );
    expect(calls().at(-1)).toMatch(/down --volumes --remove-orphans$/);
    expect(readStack(directory)).toBeUndefined();
  });

  it('leaves a folder "run" beside it alone, and makes it no stack’s', async () => {
    docker('');
    mkdirSync(join(directory, 'run'));
    await startComposeStack({ directory, brokerCount: 0, redis: 'standalone' });
    // None of its containers runs, so another stack may take its place, but not in that folder.
    await expect(startStack({ directory, brokerCount: 0, redis: 'none' })).rejects.toThrow(ForeignFolderError);
    await stopStack(directory);
    expect(existsSync(join(directory, 'run'))).toBe(true);
  });

  it('is remembered where it can be neither brought up nor taken down', async () => {
    docker(`case "$*" in *" up "*) echo 'port is taken' >&2;; *) echo 'engine is gone' >&2;; esac; exit 17`);
    const start = startComposeStack({ directory, brokerCount: 0, redis: 'standalone' });
    await expect(start).rejects.toThrow(/port is taken[^]*engine is gone[^]*npm run stack:down/);
    expect(readStack(directory)?.compose?.profiles).toEqual(['redis-standalone']);
  });
});

const isMissing = missingPrograms(['redis-server', 'redis-cli']).length > 0;
(isMissing && process.env['CI'] !== 'true' ? describe.skip : describe)('the scripts of its containers', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'watchnext-compose-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const run = (script: string, ports: readonly number[]) => {
    const child = spawn('sh', [join(dirname(COMPOSE_FILE), script), ...ports.map(String)], { cwd: directory });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (printed += String(text)));
    return { child, ended: once(child, 'exit'), printed: () => printed };
  };
  const ask = (port: number | undefined, ...args: string[]) =>
    spawnSync('redis-cli', ['-p', String(port), ...args], { encoding: 'utf8', timeout: 10_000 }).stdout;

  it.each<[string, number, (ports: readonly number[]) => boolean]>([
    ['redis-cluster.sh', 3, (ports) => ask(ports[2], 'cluster', 'info').includes('cluster_state:ok')],
    ['redis-sentinel.sh', 5, (ports) => ask(ports[4], 'sentinel', 'replicas', 'watchnext').includes(String(ports[1]))],
  ])('%s brings its servers up and takes them down', async (script, portCount, isUp) => {
    for (let attemptsLeft = 2; ; attemptsLeft--) {
      const ports = await freePorts(portCount, (port) => port + 10_000 < 32_768);
      const { child, ended, printed } = run(script, ports);
      try {
        await eventually(() => child.exitCode !== null || isUp(ports), `the servers of ${script}`);
      } finally {
        child.kill('SIGTERM');
        await ended;
      }
      // Another suite's server may have taken a port since it was chosen.
      if (attemptsLeft > 0 && printed().includes('is its port taken?')) continue;
      expect([child.exitCode, printed()]).toEqual([0, expect.stringContaining('Ready to accept connections')]);
      expect(ask(ports[0], 'ping')).not.toContain('PONG');
      return;
    }
  });

  it.each([
    ['redis-cluster.sh', 3],
    ['redis-sentinel.sh', 5],
  ])('%s ends and says why where one of its ports is taken', async (script, portCount) => {
    const ports = await freePorts(portCount, (port) => port + 10_000 < 32_768);
    const taken = createServer((socket) => socket.end('-not Redis\r\n')).listen(ports.at(-1));
    await once(taken, 'listening');
    try {
      const { child, ended, printed } = run(script, ports);
      await ended;
      expect([child.exitCode, printed()]).toEqual([1, expect.stringContaining('a server ended: is its port taken?')]);
      expect(ask(ports[0], 'ping')).not.toContain('PONG');
    } finally {
      taken.close();
    }
  });
});
