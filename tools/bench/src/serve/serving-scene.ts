/** The whole system over a prepared world: Redis with every viewer's state, all services as processes of their own. */
import { cpSync, existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { embeddedPaths, loadDriverSettings } from '@watchnext/config';
import { LocalSystem, stopToo, until } from '@watchnext/end-to-end';
import { type FeatureStore, openEmbeddedFeatureStore, openFeatureStore } from '@watchnext/feature-store';
import { missingForStack, startStack, stopStack } from '@watchnext/local-stack';
import { newSnapshotId } from '@watchnext/snapshot-store';
import { LoadProcess } from './load/load-process';
import { type Usage, usageOf } from './usage';
import { PARTITIONS, partsOf, type PreparedWorld, type Variant } from './world/prepare';

export interface SceneOptions {
  /** Folder of worlds and of what runs. */
  readonly work: string;
  /** CPU profiles of the services go there. */
  readonly profile?: string | undefined;
  /** Settings of all services. */
  readonly environment?: Readonly<Record<string, string>>;
}

const SERVICES = ['gateway', 'retrieval', 'ranking', 'ingestion'] as const;
export type MeasuredProcess = (typeof SERVICES)[number] | 'redis' | 'load generator';

const COPIED_AT_ONCE = 1_000;
/** Long enough to read a catalogue of a million videos and to load a snapshot of as many, on a busy machine. */
const READY_LIMIT_MS = 600_000;

export class ServingScene {
  private readonly closers: (() => Promise<unknown>)[] = [];
  private readonly pids = new Map<MeasuredProcess, number>();
  private stopping: Promise<void> | undefined;
  system!: LocalSystem;
  load!: LoadProcess;

  private constructor(
    private readonly prepared: PreparedWorld,
    private readonly say: (text: string) => void,
  ) {}

  /** Starts everything and waits for full lists. After a failure nothing is left running. */
  static async create(
    prepared: PreparedWorld,
    options: SceneOptions,
    say: (text: string) => void,
  ): Promise<ServingScene> {
    const missing = missingForStack({ redis: true });
    if (missing.length > 0) throw new Error(`the bench needs ${missing.join(', ')}`);
    const scene = new ServingScene(prepared, say);
    const forget = stopToo(() => scene.dispose());
    scene.closers.push(async () => forget());
    try {
      await scene.build(options);
      return scene;
    } catch (error) {
      await scene.dispose();
      throw error;
    }
  }

  /** Publishes the variant's files under a new id, as the trainer does, and tells of it. @returns the id */
  async publish(variant: Variant): Promise<string> {
    const snapshotId = newSnapshotId(Date.now());
    await this.system.publish(snapshotId, async (directory) => {
      for (const part of partsOf(this.prepared, variant)) {
        for (const file of readdirSync(part)) linkSync(join(part, file), join(directory, file));
      }
      return { index: this.prepared.index };
    });
    return snapshotId;
  }

  usage(): Map<MeasuredProcess, Usage> {
    return new Map([...this.pids].map(([name, pid]) => [name, usageOf(pid)]));
  }

  /** Resolves once lists are full. */
  async calm(): Promise<void> {
    await until('full lists', () => this.system.isFull(), READY_LIMIT_MS);
  }

  /** Stops all that was started; what it left in the folder of runs goes, too. */
  dispose(): Promise<void> {
    this.stopping ??= (async () => {
      for (const close of this.closers.reverse()) {
        await close().catch((error: unknown) => this.say(`while stopping: ${(error as Error).message}`));
      }
    })();
    return this.stopping;
  }

  private async build({ work, profile, environment }: SceneOptions): Promise<void> {
    const { prepared, say, closers } = this;
    mkdirSync(work, { recursive: true });
    const run = mkdtempSync(join(work, 'run-'));
    closers.push(async () => rmSync(run, { recursive: true, force: true }));
    closers.push(async () => keepLogs(join(run, 'logs'), join(work, 'logs')));
    cpSync(embeddedPaths(prepared.folder).eventLog, embeddedPaths(run).eventLog, { recursive: true });
    const stackFolder = join(run, 'stack');
    closers.push(() => stopStack(stackFolder));
    const stack = await startStack({ directory: stackFolder, brokerCount: 0, redis: 'standalone' });
    this.pids.set('redis', stack.processes[0]!.pid);
    const settings = { ...stack.environment, WATCHNEXT_FEATURE_STORE: 'redis', ...environment };
    say('filling Redis');
    await fillStore(prepared, openFeatureStore(loadDriverSettings(settings), embeddedPaths(run).featureStore));
    const system = (this.system = await LocalSystem.create({
      dataDirectory: run,
      environment: {
        WATCHNEXT_LOG_LEVEL: 'warn',
        WATCHNEXT_ACTIVITY_PARTITIONS: String(PARTITIONS),
        WATCHNEXT_ARCHIVE_FLUSH_SECONDS: '5',
        ...settings,
      },
      // A folder each: threads write profiles of their own, too.
      nodeArgs: (app) => (profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', resolve(profile, app)]),
    }));
    closers.push(() => system.dispose());
    await this.publish('a');
    say('starting the services');
    await system.start();
    for (const app of SERVICES) this.pids.set(app, system.services[app].pid);
    this.load = new LoadProcess();
    closers.push(() => this.load.stop());
    this.pids.set('load generator', this.load.pid);
    await this.calm();
  }
}

/** What the services of the last run said. */
function keepLogs(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  if (existsSync(from)) cpSync(from, to, { recursive: true });
}

/** From one driver of the port to another. */
async function fillStore(prepared: PreparedWorld, to: FeatureStore): Promise<void> {
  const from = openEmbeddedFeatureStore(embeddedPaths(prepared.folder).featureStore);
  try {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const mark = await from.readMark(partition);
      if (!mark) continue;
      let afterUserId: string | undefined;
      for (;;) {
        const userIds = await from.listUserIds(partition, {
          limit: COPIED_AT_ONCE,
          ...(afterUserId === undefined ? {} : { afterUserId }),
        });
        if (userIds.length === 0) break;
        const expected = afterUserId === undefined ? undefined : mark;
        await to.commit(partition, { expected, next: mark, states: await from.readMany(partition, userIds) });
        afterUserId = userIds.at(-1);
      }
    }
  } finally {
    await Promise.all([from.close(), to.close()]);
  }
}
