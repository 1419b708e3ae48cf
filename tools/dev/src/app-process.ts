/** The app under development, as a process of its own that can be started anew after each build. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '..', '..', '..');
/** Above runService's own limit of ten seconds. */
const STOP_LIMIT_MS = 13_000;

export class AppProcess {
  private child: ChildProcess | undefined;

  constructor(
    readonly app: string,
    private readonly environment: Readonly<Record<string, string>>,
    private readonly args: readonly string[],
    /** Told of an end that was not asked for. */
    private readonly onEnd: (how: string) => void,
  ) {}

  /** Resolves when the app says that it is ready. @throws Error when it ends before; its output says why */
  async start(): Promise<void> {
    const child = this.spawn();
    await new Promise<void>((resolve, reject) => {
      child.on('message', (message: { kind?: string }) => {
        if (message?.kind === 'ready') resolve();
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => reject(new Error(`${this.app} ended with ${signal ?? `code ${code}`}`)));
    });
    child.once('exit', (code, signal) => {
      if (this.child === child) this.onEnd(signal ?? `code ${code}`);
    });
  }

  /** For a program that ends by itself. @returns its exit code */
  async run(): Promise<number> {
    const [code] = (await once(this.spawn(), 'exit')) as [number | null];
    this.child = undefined;
    return code ?? 1;
  }

  async stop(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    child.kill('SIGTERM');
    await gone;
    clearTimeout(timer);
  }

  private spawn(): ChildProcess {
    const main = join(ROOT, 'apps', this.app, 'dist', 'main.js');
    this.child = fork(main, this.args, { env: { ...process.env, ...this.environment } });
    return this.child;
  }
}
