/** An image, run as the manifests have it run, on the drivers that need no server. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TRAINER_EXIT_CODES } from '@watchnext/config';
import { until } from '@watchnext/end-to-end';
import { freePorts } from '@watchnext/local-stack';
import { type Mount, mountVolumes } from '../containers/container-arguments';
import { ContainerProcess } from '../containers/container-process';
import type { Engine } from '../containers/engine';
import type { KubernetesObject } from '../objects';
import { type App, environmentOf, type Workload, workloadsOf } from '../pods';
import { succeeds } from '../probe';

const START_LIMIT_MS = 120_000;

/** What a container says of itself, by a program that is run in it. */
interface Inside {
  readonly node: string;
  readonly userId: number;
  readonly groupId: number;
  /** Of the process's status, hexadecimal; 0 has none. */
  readonly capabilities: string;
  readonly noNewPrivileges: string;
  /** Folders of these that it could write to. */
  readonly writable: readonly string[];
}

const LOOK = `
  const { readFileSync, rmSync, writeFileSync } = require('node:fs');
  const status = (name) => new RegExp('^' + name + ':\\\\s+(\\\\S+)', 'm').exec(readFileSync('/proc/1/status', 'utf8'))[1];
  const canWrite = (folder) => { try { writeFileSync(folder + '/.look', ''); rmSync(folder + '/.look'); return true; } catch { return false; } };
  console.log(JSON.stringify({
    node: process.version, userId: process.getuid(), groupId: process.getgid(),
    capabilities: status('CapEff'), noNewPrivileges: status('NoNewPrivs'),
    writable: process.argv.slice(1).filter(canWrite),
  }));`;

/**
 * @param objects of the local overlay
 * @returns what is wrong with the image, in words; empty where nothing is
 */
export async function checkImage(
  engine: Engine,
  app: App,
  image: string,
  objects: readonly KubernetesObject[],
): Promise<string[]> {
  const workload = workloadsOf(objects).find((one) => one.app === app) as Workload;
  const directory = mkdtempSync(join(tmpdir(), 'watchnext-image-'));
  try {
    const ports = await freePorts(workload.container.ports?.length ?? 0);
    const { mounts, environment } = mountVolumes(workload, objects, settingsOf(workload, objects, ports), directory);
    const name = `${directory.split('/').at(-1)}-${app}`;
    const container = new ContainerProcess(engine, { workload, image, name, environment, mounts }, directory);
    try {
      return workload.kind === 'CronJob'
        ? await checkJob(container)
        : await checkService(container, workload, ports, mounts);
    } finally {
      await container.stop();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Those of the overlay, on drivers that need no server, at ports that are free here. */
function settingsOf(
  workload: Workload,
  objects: readonly KubernetesObject[],
  ports: readonly number[],
): Record<string, string> {
  const remaining = [...ports];
  const settings: Record<string, string> = {};
  for (const [name, { value }] of environmentOf(workload, objects)) {
    if (name === 'WATCHNEXT_EVENT_LOG' || name === 'WATCHNEXT_FEATURE_STORE') settings[name] = 'embedded';
    else if (/_(HTTP|GRPC|METRICS)_PORT$/.test(name)) settings[name] = String(remaining.shift());
    else if (!/_(KAFKA_\w+|REDIS_\w+|FILE)$/.test(name)) settings[name] = value;
  }
  return { ...settings, WATCHNEXT_HOST: '127.0.0.1' };
}

async function checkJob(container: ContainerProcess): Promise<string[]> {
  const code = await container.runToEnd();
  const wanted = TRAINER_EXIT_CODES.nothingToTrain;
  if (code === wanted) return [];
  return [`ended with ${code} where there is nothing to train on, not with ${wanted}:\n${container.logTail()}`];
}

async function checkService(
  container: ContainerProcess,
  workload: Workload,
  ports: readonly number[],
  mounts: readonly Mount[],
): Promise<string[]> {
  try {
    await container.start();
  } catch (error) {
    return [(error as Error).message];
  }
  const isAlive = () => succeeds(workload.container.livenessProbe, workload, ports);
  await until(
    'it to be alive',
    async () => container.exitCode !== undefined || (await isAlive()),
    START_LIMIT_MS,
  ).catch(() => undefined);
  if (container.exitCode !== undefined || !(await isAlive().catch(() => false))) {
    const end = container.exitCode === undefined ? '' : ` (ended with ${container.exitCode})`;
    return [`is not alive${end}:\n${container.logTail()}`];
  }
  const folders = ['/', '/app', '/etc', '/run', '/var/tmp', ...mounts.map(({ target }) => target)];
  const inside = JSON.parse(container.execute(['node', '-e', LOOK, ...folders])) as Inside;
  const code = await container.stop();
  return [
    ...differences(inside, workload, mounts),
    ...(code === 0 ? [] : [`ended with ${code} when it was told to stop:\n${container.logTail()}`]),
  ];
}

/** What is not as the manifest has it. */
export function differences(inside: Inside, { pod }: Workload, mounts: readonly Mount[]): string[] {
  const { runAsUser, runAsGroup } = pod.securityContext;
  const expected: Omit<Inside, 'node'> = {
    userId: runAsUser,
    groupId: runAsGroup,
    capabilities: '0000000000000000',
    noNewPrivileges: '1',
    writable: mounts.filter(({ source }) => source === undefined).map(({ target }) => target),
  };
  return Object.entries(expected)
    .map(([name, value]) => [name, JSON.stringify(value), JSON.stringify(inside[name as keyof Inside])])
    .filter(([, value, found]) => value !== found)
    .map(([name, value, found]) => `${name} inside is ${found}, not ${value}`);
}
