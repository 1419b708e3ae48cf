/** A pod's container, run by an engine of this machine; to its caller, a process like any other. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ContainerSpec, runArguments } from './container-arguments';
import type { Engine } from './engine';

const START_LIMIT_MS = 60_000;
const MOST_STOPS = 20;
const STOP_AGAIN_MS = 1_000;
/** What Kubernetes gives a pod that sets nothing else. */
const DEFAULT_GRACE_SECONDS = 30;

export class ContainerProcess {
  private client: ChildProcess | undefined;
  private ended: Promise<number> | undefined;
  private readonly logFile: string;
  private processId: number | undefined;

  constructor(
    private readonly engine: Engine,
    private readonly spec: ContainerSpec,
    logDirectory: string,
  ) {
    mkdirSync(logDirectory, { recursive: true });
    this.logFile = join(logDirectory, `${spec.workload.app}.log`);
  }

  /** Of Node in the container, as this machine counts processes. */
  get pid(): number {
    if (this.processId === undefined) throw new Error(`${this.spec.name} is not running`);
    return this.processId;
  }

  /** The code that it ended with; undefined while it runs. */
  get exitCode(): number | undefined {
    return this.client?.exitCode ?? undefined;
  }

  /** Resolves when the container runs; a probe says when it is ready. @throws with its last log lines when it ends before */
  async start(): Promise<void> {
    this.launch();
    const deadline = performance.now() + START_LIMIT_MS;
    for (;;) {
      const { status, stdout } = this.engine.run(['inspect', '--format', '{{.State.Pid}}', this.spec.name]);
      if (status === 0 && Number(stdout) > 0) return void (this.processId = Number(stdout));
      if (this.exitCode !== undefined) throw this.failure(`ended with code ${this.exitCode}`);
      if (performance.now() > deadline) throw this.failure('did not run in time');
      await sleep(200);
    }
  }

  /** Runs a program that ends by itself. @returns its exit code */
  runToEnd(): Promise<number> {
    return this.launch();
  }

  /**
   * Ends it as Kubernetes does: the image's signal, and the end of it after the pod's `terminationGracePeriodSeconds`.
   * @returns its exit code, 137 where it had to be killed; undefined where it did not run any more
   * @throws with its last log lines where the engine does not end it
   */
  async stop(): Promise<number | undefined> {
    if (!this.ended || this.exitCode !== undefined) return undefined;
    const seconds = this.spec.workload.pod.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
    // Again where the engine knows none of that name yet: it may still be making it.
    for (let tries = 0; tries < MOST_STOPS; tries++) {
      const stopping = spawn(this.engine.name, ['stop', '-t', String(seconds), this.spec.name], { stdio: 'ignore' });
      await new Promise((resolve) => stopping.once('exit', resolve).once('error', resolve));
      const code = await Promise.race([this.ended, sleep(STOP_AGAIN_MS, undefined, { ref: false })]);
      if (code === undefined) continue;
      this.processId = undefined;
      return code;
    }
    throw this.failure('was not stopped by the engine');
  }

  /** What a program printed that ran inside, as the container's user. @throws Error where it failed */
  execute(args: readonly string[]): string {
    return this.engine.ask(['exec', this.spec.name, ...args]);
  }

  logTail(lines = 20): string {
    return existsSync(this.logFile)
      ? readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
      : '';
  }

  private launch(): Promise<number> {
    const log = openSync(this.logFile, 'a');
    const client = spawn(this.engine.name, runArguments(this.engine.name, this.spec), {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.client = client;
    this.ended = new Promise((resolve, reject) => {
      client.once('error', reject);
      client.once('exit', (code) => resolve(code ?? 1));
    });
    return this.ended;
  }

  private failure(what: string): Error {
    return new Error(`${this.spec.name} ${what}:\n${this.logTail()}`);
  }
}
