/**
 * Towers on threads of their own: onnxruntime's binding for Node computes on the thread that calls it, and 500 candidates take
 * it longer than an event loop may be held up.
 */
import { join } from 'node:path';
import { Thread, type ThreadLostError } from '@watchnext/threads';
import type { RankerTower } from './ranker-stack';
import type { TowerHandlers } from './tower-program';

/** Compiled also where the library runs from its sources, as in specs: build first. */
const PROGRAM = join(__dirname, '..', 'dist', 'tower-program.js');

export interface TowerThreadsOptions {
  readonly threadCount: number;
  /** Runs that may wait for one thread before more are refused. */
  readonly queueLimit: number;
  /** A thread ended by itself: the process should end, and be started anew. */
  readonly onLost?: (error: ThreadLostError) => void;
}

/** More runs wait than can be done in time. */
export class TowerOverloadedError extends Error {
  readonly code = 'tower-overloaded';
  readonly retriable = true;
  constructor(readonly pending: number) {
    super(`${pending} requests are waiting to be ranked already`);
    this.name = 'TowerOverloadedError';
  }
}

export class TowerThreads {
  private readonly threads: readonly Thread<TowerHandlers>[];
  private lastKey = 0;

  constructor(private readonly options: TowerThreadsOptions) {
    const { threadCount, onLost } = options;
    if (!Number.isInteger(threadCount) || threadCount < 1) throw new RangeError(`${threadCount} tower threads`);
    this.threads = Array.from({ length: threadCount }, () => new Thread<TowerHandlers>(PROGRAM, onLost));
  }

  /** Runs that wait, of all threads. */
  get pending(): number {
    return this.threads.reduce((sum, thread) => sum + thread.pending, 0);
  }

  /** Into every thread. @param model as `encodeRanker` writes it. @throws Error for other bytes */
  async load(model: Uint8Array): Promise<RankerTower> {
    const key = ++this.lastKey;
    const drop = async () => {
      await Promise.all(this.threads.map((thread) => thread.call('drop', { key })));
    };
    const outcomes = await Promise.allSettled(this.threads.map((thread) => thread.call('load', { key, model })));
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue;
      await drop();
      throw outcome.reason;
    }
    const [first] = outcomes as PromiseFulfilledResult<{ userSize: number; videoSize: number; outputSize: number }>[];
    return {
      ...first!.value,
      run: (user, videos, rowCount) => this.run({ key, user, videos, rowCount }),
      close: drop,
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.close()));
  }

  private run(call: Parameters<TowerHandlers['run']>[0]): Promise<Float32Array> {
    const idlest = this.threads.reduce((best, thread) => (thread.pending < best.pending ? thread : best));
    if (idlest.pending >= this.options.queueLimit) {
      return Promise.reject(new TowerOverloadedError(idlest.pending));
    }
    return idlest.call('run', call);
  }
}
