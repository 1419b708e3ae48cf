import type { Random } from '@watchnext/learning';
import type { KernelOptions, TensorBackend } from '@watchnext/tensor';

/** What computes: our own kernels on so many threads, or TensorFlow.js on a backend. */
export type EngineChoice = Pick<KernelOptions, 'threads' | 'kernels'> | { readonly backend: TensorBackend };

export type OnPart = (part: string, milliseconds: number) => void;

export interface RunningStep {
  /** One step on a batch drawn anew. @returns the loss */
  step(): Promise<number>;
  close(): Promise<void>;
}

/** A model's training step of a fixed size. */
export interface MeasuredStep {
  readonly model: 'candidate' | 'ranking';
  readonly sizes: Readonly<Record<string, unknown>>;
  readonly batch: number;
  /** What the peer's script is told beside steps, optimizer and threads. */
  readonly peerFlags: Readonly<Record<string, number | string>>;
  /** On fresh tables. */
  start(engine: EngineChoice, videoCount: number, onPart: OnPart): Promise<RunningStep>;
}

/** Small values that cost less to make than normal ones: 128 million of them at a million videos. */
export function quickTable(rowCount: number, dimensions: number) {
  const values = new Float32Array(new SharedArrayBuffer(rowCount * dimensions * Float32Array.BYTES_PER_ELEMENT));
  for (let i = dimensions; i < values.length; i++) values[i] = ((Math.imul(i, 0x9e3779b1) >> 8) / 2 ** 23) * 0.05;
  return { rowCount, dimensions, values };
}

/** Rows from 1 on; a plain loop, which costs a tenth of `Int32Array.from` with a function. */
export function drawRows(random: Random, count: number, rowCount: number): Int32Array {
  const rows = new Int32Array(count);
  for (let i = 0; i < count; i++) rows[i] = 1 + random.nextInt(rowCount - 1);
  return rows;
}

/** Times the drawing of a batch as a part of the step, as it counts for the peer, too. */
export function drawn<Batch>(draw: () => Batch, onPart: OnPart): Batch {
  const startedAt = performance.now();
  const batch = draw();
  onPart('draw the batch', performance.now() - startedAt);
  return batch;
}
