/** What the load's own process is asked for, and what it tells. */
export interface LoadJob {
  readonly gatewayUrl: string;
  readonly perSecond: number;
  readonly seconds: number;
  /** Of arrivals and of who asks. */
  readonly seed: number;
  /** Users "viewer-0" … ask, each time one drawn evenly. */
  readonly userCount: number;
  /** Items of a list. */
  readonly limit: number;
}

/** Columns of requests, in the order in which they were due. */
export interface LoadResult {
  /** Milliseconds since the epoch of the moment that the others count from. */
  readonly startedAtMs: number;
  /** Milliseconds after the start. */
  readonly dueMs: Float64Array;
  /** From due to the last byte of the answer: a request that was sent late, as its sender was busy, waited already. */
  readonly latencyMs: Float64Array;
  /** Of HTTP; 0: none. */
  readonly statuses: Uint16Array;
  /** Places in `RUNGS`; 255: none, as without a list. */
  readonly rungs: Uint8Array;
  /** Places in `snapshotIds`; -1: none. */
  readonly snapshots: Int32Array;
  readonly snapshotIds: readonly string[];
  /** The gateway's Server-Timing headers; empty: none. */
  readonly serverTimings: readonly string[];
  /** How long after it was due the latest request was sent: what the sender itself adds. */
  readonly largestSendDelayMs: number;
}

export const RUNGS = ['full', 'retrieval-order', 'snapshot-popular', 'memory-popular'] as const;
export const NO_RUNG = 255;

export type LoadMessage =
  | { readonly kind: 'progress'; readonly answered: number; readonly failed: number }
  | { readonly kind: 'done'; readonly result: LoadResult };
