/** Calls to functions of another thread, and their answers. */
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { yieldToOthers } from './background';
import { sharedInts } from './shared';

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
/** What a thread is sent last. */
const STOP = 'stop';

const CLOSED = 'the thread is closed';

/** Of the numbers that a thread and its owner both see. */
const STATE = {
  /** 1 from when the thread is to end: no call is begun any more. */
  closing: 0,
  /** Calls that the thread has begun and not ended; the loading of its program is the first. */
  busy: 1,
} as const;

/**
 * How long a call under way may take to end before its thread is ended all the same, which may take the process with it. Below the
 * five seconds after which jest gives up a spec, so that one that leaves a call behind fails for what it did; and a service, which
 * has ten to stop, gets to the rest of it.
 */
const CLOSE_LIMIT_MS = 3_000;

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

/** How long `threadsAtRest` waits. */
export const REST_LIMIT_MS = 1_000;

/** What a thread is given when it is made. */
interface OfThread extends ThreadData {
  /** Shared; by `STATE`. */
  readonly state: Int32Array;
}

type Report = (done: number) => void;
let report: Report = () => undefined;

/**
 * Tells the caller of the synchronous call that is being answered how far it is.
 * @throws Error once the thread is to end, which ends the call
 */
export const reportProgress: Report = (done) => report(done);

/**
 * Runs in the thread: answers calls until the thread is told to end. A handler that is synchronous has the thread to itself; where one
 * awaits something, calls that come meanwhile are begun, so that answers may come in another order.
 */
export function answerCalls(handlers: ThreadHandlers): void {
  const port = parentPort;
  if (!port) throw new Error('this program runs as a worker thread only');
  const { isBackground, state } = workerData as OfThread;
  if (isBackground) yieldToOthers();
  const isClosing = () => Atomics.load(state, STATE.closing) === 1;
  let isStopped = false;

  async function answer({ id, name, input }: Call): Promise<void> {
    report = (progress) => {
      if (isClosing()) throw new Error(CLOSED);
      port!.postMessage({ id, progress } satisfies Answer);
    };
    try {
      port!.postMessage({ id, output: await handlers[name]!(input) } satisfies Answer);
    } catch (error) {
      const { name: errorName, message } = error instanceof Error ? error : new Error(String(error));
      port!.postMessage({ id, error: { name: errorName, message } } satisfies Answer);
    }
  }

  function rest(): void {
    if (Atomics.sub(state, STATE.busy, 1) > 1) return;
    Atomics.notify(state, STATE.busy);
    // Nothing else keeps the thread: it ends by itself, at a place where it can.
    if (isStopped) port!.close();
  }

  port.on('message', async (message: Call | typeof STOP) => {
    // Counted before it looks, as the owner tells before it counts: one of the two sees the other.
    Atomics.add(state, STATE.busy, 1);
    if (message === STOP) isStopped = true;
    else if (!isClosing()) await answer(message);
    rest();
  });
  port.postMessage(STARTED);
  rest();
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

/** Of the threads of this process that have not ended. */
const openStates = new Set<Int32Array>();

/**
 * Tells all threads of a process that is to end to begin no more calls, and blocks until those under way, and the loading of programs,
 * are over: then `process.exit` interrupts none. Calls without an answer get none any more.
 * @returns false where one is not over within `REST_LIMIT_MS`
 */
export function threadsAtRest(): boolean {
  for (const state of openStates) Atomics.store(state, STATE.closing, 1);
  const untilMs = performance.now() + REST_LIMIT_MS;
  return [...openStates].every((state) => {
    for (;;) {
      const busy = Atomics.load(state, STATE.busy);
      if (busy === 0) return true;
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) return false;
      Atomics.wait(state, STATE.busy, busy, leftMs);
    }
  });
}

export class Thread<Handlers extends ThreadHandlers> {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  /** Fulfils when the program is loaded, or has ended before. */
  private readonly started: Promise<void>;
  private readonly ended: Promise<void>;
  private readonly state = sharedInts(2);
  private lastId = 0;
  private lost: ThreadLostError | undefined;
  private closed: Promise<void> | undefined;

  /**
   * @param program path of a compiled program, which calls `answerCalls`
   * @param onLost called when the thread ends by itself
   */
  constructor(
    program: string,
    onLost: (error: ThreadLostError) => void = () => undefined,
    data: ThreadData = { isBackground: false },
  ) {
    this.state[STATE.busy] = 1;
    this.worker = new Worker(program, { workerData: { ...data, state: this.state } satisfies OfThread });
    // A thread with nothing to do keeps no process alive.
    this.worker.unref();
    this.started = new Promise((resolve) => {
      this.worker.on('message', (sent: Answer | typeof STARTED) => (sent === STARTED ? resolve() : this.settle(sent)));
      this.worker.once('exit', () => resolve());
    });
    this.ended = new Promise((resolve) => this.worker.once('exit', () => resolve()));
    const lose = (detail: string) => {
      if (this.closed || this.lost) return;
      this.lost = new ThreadLostError(detail);
      this.failAll(this.lost);
      onLost(this.lost);
    };
    openStates.add(this.state);
    const gone = (detail: string) => {
      openStates.delete(this.state);
      lose(detail);
    };
    this.worker.on('error', (error) => gone(error.message));
    this.worker.on('exit', (code) => gone(`exit code ${code}`));
  }

  /** Calls without an answer yet. */
  get pending(): number {
    return this.waiting.size;
  }

  /**
   * @throws what the handler throws, as an Error of the same name and message; ThreadLostError; DataCloneError for an input that
   * cannot be sent
   */
  call<Name extends keyof Handlers & string>(
    name: Name,
    input: Parameters<Handlers[Name]>[0],
    onProgress?: (done: number) => void,
  ): Promise<Awaited<ReturnType<Handlers[Name]>>> {
    if (this.lost) return Promise.reject(this.lost);
    if (this.closed) return Promise.reject(new Error(CLOSED));
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      // First, as it throws for what cannot be sent: such a call is not waited for.
      this.worker.postMessage({ id, name, input } satisfies Call);
      if (this.waiting.size === 0) this.worker.ref();
      this.waiting.set(id, { resolve: resolve as Waiting['resolve'], reject, onProgress });
    });
  }

  /**
   * Ends the thread where it can: once its program is loaded and the call under way is over, or else after `CLOSE_LIMIT_MS`. Calls
   * without an answer fail at once, and those that were not begun are not.
   */
  close(): Promise<void> {
    return (this.closed ??= this.end());
  }

  /**
   * An add-on that is interrupted takes the whole process with it (SIGABRT) in what it loads, searches or infers, or hangs for ever in
   * a transaction of lmdb, and with it whoever else writes there (docs/decisions/0145-ends-of-processes.md).
   */
  private async end(): Promise<void> {
    Atomics.store(this.state, STATE.closing, 1);
    this.failAll(new Error(CLOSED));
    this.worker.ref();
    this.worker.postMessage(STOP);
    // Where that hangs, what stops the process has a limit.
    await this.started;
    let limit: NodeJS.Timeout;
    const tooLate = new Promise<void>((resolve) => (limit = setTimeout(resolve, CLOSE_LIMIT_MS)));
    await Promise.race([this.ended.then(() => clearTimeout(limit)), tooLate]);
    // Of no effect on one that has ended.
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
