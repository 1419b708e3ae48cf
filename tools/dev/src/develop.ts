/** Runs one app alone: sets its scene up, starts it, starts it anew after each build, and takes all down again. */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePorts } from '@watchnext/local-stack';
import { makeOwnFolder } from '@watchnext/folder-lock';
import { type AppName, builtMain, describeEnd, ServiceProcess } from '@watchnext/service-process';
import { aborted } from '@watchnext/waiting';
import { gatewayApp } from './apps/gateway';
import { ingestionApp } from './apps/ingestion';
import { rankingApp } from './apps/ranking';
import { retrievalApp } from './apps/retrieval';
import type { DevApp, ReplayResult, Scene } from './apps/scene';
import { trainerApp } from './apps/trainer';
import { watchBuild } from './build-watch';
import { readRecording, RELEASED_RECORDING } from './recording';

const ROOT = resolve(__dirname, '..', '..', '..');

export const DEV_APPS: readonly DevApp[] = [gatewayApp, ingestionApp, rankingApp, retrievalApp, trainerApp];

export interface DevelopOptions {
  readonly app: AppName;
  /** Default: the one under version control. */
  readonly recording?: string;
  /** Default: the app's usual one; 0: any free one. */
  readonly port?: number;
  readonly without?: readonly string[];
  /** Passed on to the app. */
  readonly args?: readonly string[];
}

export interface Developed {
  readonly scene: Scene;
  readonly process: ServiceProcess;
  close(): Promise<void>;
}

/** Sets the scene; the app itself is not started yet. */
export async function setUp(
  { app: name, recording: folder = RELEASED_RECORDING, port, without = [], args = [] }: DevelopOptions,
  onEnd: (how: string) => void,
): Promise<Developed> {
  const app = DEV_APPS.find((each) => each.name === name) as DevApp;
  const unknown = without.find((neighbour) => !app.neighbours.includes(neighbour));
  if (unknown !== undefined) {
    throw new Error(`${name} has no neighbour ${unknown}; it has ${app.neighbours.join(', ') || 'none'}`);
  }
  const recording = readRecording(folder);
  const wanted = port ?? app.defaultPort ?? 0;
  const chosen = wanted === 0 ? ((await freePorts(1)) as [number])[0] : wanted;
  const dataDirectory = await makeOwnFolder(tmpdir(), `watchnext-dev-${name}`, { isShared: true });
  const remove = () => rmSync(dataDirectory, { recursive: true, force: true });
  try {
    const scene = await app.prepare({ folder, recording, dataDirectory, port: chosen, without: new Set(without) });
    const definition = { name, main: builtMain(name), args, environment: scene.environment };
    const process = new ServiceProcess(definition, { onEnd: (end) => onEnd(describeEnd(end)) });
    return {
      scene,
      process,
      async close() {
        await process.stop();
        await Promise.all(scene.neighbours.map((neighbour) => neighbour.close()));
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/**
 * Starts the app as it is built, sends what was recorded, and stops it.
 *
 * @throws the signal's reason, once all is taken down
 */
export async function replay(
  options: DevelopOptions,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<ReplayResult> {
  const developed = await setUp({ port: 0, ...options }, (how) => say(`${options.app} ended: ${how}`));
  return thenClose(developed, signal, async ({ process, scene }) => {
    await process.start();
    return scene.replay(say);
  });
}

/** One run of the trainer. @returns its exit code @throws the signal's reason, once all is taken down */
export async function runOnce(options: DevelopOptions, signal: AbortSignal): Promise<number> {
  return thenClose(await setUp(withOnce(options), () => undefined), signal, ({ process }) => process.runToEnd());
}

/** Takes down what was set up after the work, or at the signal before it is done. */
async function thenClose<Result>(
  developed: Developed,
  signal: AbortSignal,
  work: (developed: Developed) => Promise<Result>,
): Promise<Result> {
  const interruption = aborted(signal).then((): never => {
    throw signal.reason;
  });
  try {
    return await Promise.race(signal.aborted ? [interruption] : [work(developed), interruption]);
  } finally {
    await developed.close();
  }
}

/** Builds and runs until the signal; each build without errors starts the app anew. */
export async function develop(
  options: DevelopOptions,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const endsByItself = options.app === 'trainer';
  const developed = await setUp(endsByItself ? withOnce(options) : options, (how) => {
    // Ctrl-C on a terminal reaches the app as well.
    if (!signal.aborted) say(`${options.app} ended (${how}); it starts again after the next build`);
  });
  const { scene, process, close } = developed;
  if (signal.aborted) return close();
  const project = join(ROOT, 'apps', options.app, 'tsconfig.lib.json');
  // One restart after another, however fast the builds come.
  let restarting: Promise<void> = Promise.resolve();
  const restart = async () => {
    if (signal.aborted) return;
    await process.stop();
    if (endsByItself) {
      const code = await process.runToEnd();
      return say(`${options.app} ended with code ${code}; it runs again after the next build`);
    }
    await process.start().then(
      () => [`${options.app} runs; Ctrl-C stops it`, ...scene.hints.map((hint) => `  ${hint}`)].forEach(say),
      (error: Error) => say(`${error.message}; it starts again after the next build`),
    );
  };
  const onFailure = (error: Error) => say(`${error.message}; ${options.app} starts again after the next build`);
  const build = watchBuild(project, () => (restarting = restarting.then(restart).catch(onFailure)), say);
  await aborted(signal);
  await build.stop();
  await process.stop();
  await restarting;
  await close();
}

/** A world as small as the recorded one may beat nothing; --override-gate lets its snapshot be looked at. */
const withOnce = (options: DevelopOptions): DevelopOptions => ({
  ...options,
  args: ['--once', '--override-gate', ...(options.args ?? [])],
});
