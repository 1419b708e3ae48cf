/** Calls to functions of another thread, and their answers. */
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { yieldToOthers } from './background';

/** What a thread can be asked: each takes one value and gives one, both as structured cloning copies them. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each handler has an input of its own
export type ThreadHandlers = Record<string, (input: any) => unknown>;

interface Call {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}

/** What a thread sends first, when its program and the add-ons of it are loaded. */
const STARTED = 'started';

interface Answer {
  readonly id: number;
  readonly output?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
  /** Not an answer yet: how far the call is. */
  readonly progress?: number;
}

/** How a thread is to work. */
export interface ThreadData {
  /** No request waits for what it does. */
  readonly isBackground: boolean;
}

type Report = (done: number) => void;
let report: Report = () => undefined;

/** Tells the caller of the synchronous call that is being answered how far it is. */
export const reportProgress: Report = (done) => report(done);

/** Runs in the thread: answers calls, one after the other, until the thread is ended. */
export function answerCalls(handlers: ThreadHandlers): void {
  const port = parentPort;
  if (!port) throw new Error('this program runs as a worker thread only');
  if ((workerData as ThreadData | null)?.isBackground) yieldToOthers();
  port.on('message', async ({ id, name, input }: Call) => {
    report = (progress) => port.postMessage({ id, progress } satisfies Answer);
    try {
      port.postMessage({ id, output: await handlers[name]!(input) } satisfies Answer);
    } catch (error) {
      const { name: errorName, message } = error instanceof Error ? error : new Error(String(error));
      port.postMessage({ id, error: { name: errorName, message } } satisfies Answer);
    }
  });
  port.postMessage(STARTED);
}

/** A thread that ended while it was needed: its memory is gone, so the process had better start anew. */
export class ThreadLostError extends Error {
  readonly code = 'thread-lost';
  readonly retriable = false;
  constructor(detail: string) {
    super(`a thread ended unexpectedly: ${detail}`);
    this.name = 'ThreadLostError';
  }
}

interface Waiting {
  resolve(output: unknown): void;
  reject(error: Error): void;
  onProgress?: ((done: number) => void) | undefined;
}

export class Thread<Handlers extends ThreadHandlers> {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  /** Fulfils when the program is loaded, or has ended before. */
  private readonly started: Promise<void>;
  private lastId = 0;
  private lost: ThreadLostError | undefined;
  private isClosing = false;

  /**
   * @param program path of a compiled program, which calls `answerCalls`
   * @param onLost called when the thread ends by itself
   */
  constructor(
    program: string,
    onLost: (error: ThreadLostError) => void = () => undefined,
    data: ThreadData = { isBackground: false },
  ) {
    this.worker = new Worker(program, { workerData: data });
    // A thread with nothing to do keeps no process alive.
    this.worker.unref();
    this.started = new Promise((resolve) => {
      this.worker.on('message', (sent: Answer | typeof STARTED) => (sent === STARTED ? resolve() : this.settle(sent)));
      this.worker.once('exit', () => resolve());
    });
    const lose = (detail: string) => {
      if (this.isClosing || this.lost) return;
      this.lost = new ThreadLostError(detail);
      this.failAll(this.lost);
      onLost(this.lost);
    };
    this.worker.on('error', (error) => lose(error.message));
    this.worker.on('exit', (code) => lose(`exit code ${code}`));
  }

  /** Calls without an answer yet. */
  get pending(): number {
    return this.waiting.size;
  }

  /** @throws what the handler throws, as an Error of the same name and message; ThreadLostError */
  call<Name extends keyof Handlers & string>(
    name: Name,
    input: Parameters<Handlers[Name]>[0],
    onProgress?: (done: number) => void,
  ): Promise<Awaited<ReturnType<Handlers[Name]>>> {
    if (this.lost) return Promise.reject(this.lost);
    if (this.isClosing) return Promise.reject(new Error('the thread is closed'));
    const id = ++this.lastId;
    if (this.waiting.size === 0) this.worker.ref();
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as Waiting['resolve'], reject, onProgress });
      this.worker.postMessage({ id, name, input } satisfies Call);
    });
  }

  /** Ends the thread, once it has started; calls without an answer fail at once. */
  async close(): Promise<void> {
    this.isClosing = true;
    this.failAll(new Error('the thread is closed'));
    // An add-on that is ended while it is loaded may take the whole process with it (SIGABRT): those of lmdb and onnxruntime
    // throw in C++ when JavaScript refuses them. Where it hangs, what stops the process has a limit.
    this.worker.ref();
    await this.started;
    await this.worker.terminate();
  }

  private settle({ id, output, error, progress }: Answer): void {
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    if (progress !== undefined) {
      waiting.onProgress?.(progress);
      return;
    }
    this.waiting.delete(id);
    if (this.waiting.size === 0) this.worker.unref();
    if (error) waiting.reject(Object.assign(errorOf(error.name, error.message), { name: error.name }));
    else waiting.resolve(output);
  }

  private failAll(error: Error): void {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}

const errorOf = (name: string, message: string) =>
  name === 'RangeError' ? new RangeError(message) : new Error(message);
