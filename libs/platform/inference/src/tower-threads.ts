/**
 * Towers on threads of their own: onnxruntime's binding for Node computes on the thread that calls it, and 500 candidates take
 * it longer than an event loop may be held up.
 */
import { join } from 'node:path';
import { HeldCalls, makeThreads, Thread, type ThreadLostError } from '@watchnext/threads';
import { onAbort } from '@watchnext/waiting';
import { PartedRun, type RankerTower, type TowerRun } from './tower';
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

interface TowerThread {
  readonly thread: Thread<TowerHandlers>;
  /** Parts of runs wait here, where they can be dropped. */
  readonly held: HeldCalls;
  /** Runs that wait there or are under way. */
  runCount: number;
}

type TowerSizes = Pick<RankerTower, 'userSize' | 'videoSize' | 'outputSize'>;

export class TowerThreads {
  private readonly threads: readonly TowerThread[];
  private lastKey = 0;

  constructor(private readonly options: TowerThreadsOptions) {
    const { threadCount, onLost } = options;
    if (!Number.isInteger(threadCount) || threadCount < 1) throw new RangeError(`${threadCount} tower threads`);
    const threads = makeThreads(threadCount, () => new Thread<TowerHandlers>(PROGRAM, onLost));
    this.threads = threads.map((thread) => ({ thread, held: new HeldCalls(), runCount: 0 }));
  }

  /** Runs that wait, of all threads. */
  get pending(): number {
    return this.threads.reduce((sum, { runCount }) => sum + runCount, 0);
  }

  /** Into every thread. @param model as `encodeRanker` writes it. @throws Error for other bytes */
  async load(model: Uint8Array): Promise<RankerTower> {
    const key = ++this.lastKey;
    const drop = async () => {
      await Promise.all(this.threads.map(({ thread }) => thread.call('drop', { key })));
    };
    const outcomes = await Promise.allSettled(this.threads.map(({ thread }) => thread.call('load', { key, model })));
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue;
      await drop();
      throw outcome.reason;
    }
    const [first] = outcomes as PromiseFulfilledResult<TowerSizes>[];
    const sizes = first!.value;
    const begin = (user: Float32Array, videos: Float32Array, signal?: AbortSignal) =>
      this.begin(key, sizes, user, videos, signal);
    return {
      ...sizes,
      begin,
      async run(user, videos, rowCount, signal) {
        const run = begin(user, videos, signal);
        try {
          run.advance(rowCount);
          return await run.logits();
        } finally {
          await run.end();
        }
      },
      close: drop,
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map(({ thread }) => thread.close()));
  }

  /** All parts of a run go to one thread, so that a run is one of those that wait there. */
  private begin(
    key: number,
    { videoSize }: TowerSizes,
    user: Float32Array,
    videos: Float32Array,
    signal: AbortSignal | undefined,
  ): TowerRun {
    const idlest = this.threads.reduce((best, thread) => (thread.runCount < best.runCount ? thread : best));
    if (idlest.runCount >= this.options.queueLimit) throw new TowerOverloadedError(idlest.runCount);
    idlest.runCount++;
    const givenUp = new AbortController();
    const giveUp = () => givenUp.abort(signal?.aborted ? signal.reason : new Error('the run was given up'));
    const ignore = onAbort(signal, giveUp);
    const compute = (rows: Float32Array, rowCount: number) =>
      idlest.held.run(() => idlest.thread.call('run', { key, user, videos: rows, rowCount }), givenUp.signal);
    const onOver = () => {
      idlest.runCount--;
      ignore();
    };
    return new PartedRun(videos, videoSize, compute, onOver, giveUp);
  }
}
