/**
 * The feature store in one LMDB environment that several local processes have open at once.
 *
 * Sub-databases
 *   states  [partition, userId] → encoded UserState
 *   marks   [partition] → Mark
 *
 * A commit is one LMDB write transaction, so a reader sees the states and the mark of the same moment, and it is on
 * the disk when it is done: neither a process that is killed nor a machine that loses its power takes it back.
 */
import type { Mark } from '@watchnext/contract';
import { open, type Database, type RootDatabase } from 'lmdb';
import {
  FeatureStoreError,
  MarkConflictError,
  StoreUnavailableError,
  type FeatureStore,
  type StateCommit,
  type StoredState,
  type StoreUsage,
} from './port';

/** Address space only; the file grows with what is in it. */
const MAP_SIZE_BYTES = 256 * 2 ** 30;

/**
 * Opens the feature store kept in `directory` (created if missing). For one machine: not on a network file system.
 *
 * @example
 *   const store = openEmbeddedFeatureStore(embeddedPaths(dataDirectory).featureStore);
 *   const { state, mark } = await store.read(partitionOf(userId, partitionCount), userId);
 */
export function openEmbeddedFeatureStore(directory: string): FeatureStore {
  return new EmbeddedFeatureStore(directory);
}

class EmbeddedFeatureStore implements FeatureStore {
  private readonly env: RootDatabase<unknown, (string | number)[]>;
  private readonly states: Database<Buffer, (string | number)[]>;
  private readonly marks: Database<Mark, (string | number)[]>;
  private closed = false;

  constructor(directory: string) {
    // `overlappingSync` as for the embedded event log (decision 185).
    this.env = open({ path: directory, noSubdir: false, maxDbs: 4, mapSize: MAP_SIZE_BYTES, overlappingSync: false });
    this.states = this.env.openDB({ name: 'states', encoding: 'binary' });
    this.marks = this.env.openDB({ name: 'marks', encoding: 'msgpack' });
  }

  async read(partition: number, userId: string, signal?: AbortSignal): Promise<StoredState> {
    signal?.throwIfAborted();
    // Both gets run in one turn and so in one read transaction, begun by refresh.
    this.refresh();
    return { state: this.states.get([partition, userId]), mark: this.marks.get([partition]) };
  }

  async readMany(partition: number, userIds: readonly string[]): Promise<Map<string, Uint8Array>> {
    this.refresh();
    const found = new Map<string, Uint8Array>();
    for (const userId of userIds) {
      const state = this.states.get([partition, userId]);
      if (state) found.set(userId, state);
    }
    return found;
  }

  async readMark(partition: number): Promise<Mark | undefined> {
    this.refresh();
    return this.marks.get([partition]);
  }

  async commit(partition: number, { expected, next, states }: StateCommit): Promise<void> {
    await this.write(() => {
      const actual = this.marks.get([partition]);
      if (!sameMark(actual, expected)) throw new MarkConflictError(partition, expected, actual);
      for (const [userId, state] of states) {
        if (state === undefined) void this.states.remove([partition, userId]);
        else void this.states.put([partition, userId], asBuffer(state));
      }
      const { topic, offset, stateFormat } = next;
      const stored = { topic, partition: next.partition, offset, ...(stateFormat !== undefined && { stateFormat }) };
      void this.marks.put([partition], stored);
    });
  }

  async listUserIds(partition: number, options: { afterUserId?: string; limit: number }): Promise<string[]> {
    this.refresh();
    const after = options.afterUserId;
    const start = after === undefined ? [partition] : [partition, after];
    const keys = this.states.getKeys({ start, exclusiveStart: true, end: [partition + 1], limit: options.limit });
    return [...keys].map((key) => key[1] as string);
  }

  /** Of all partitions: the environment counts its entries itself, and holds those of one topic version. */
  async usage(): Promise<StoreUsage> {
    this.refresh();
    const { entryCount } = this.states.getStats() as { entryCount: number };
    return { userCount: entryCount, memoryShare: undefined };
  }

  async clocksMs(): Promise<readonly number[]> {
    return [];
  }

  async clear(partition: number): Promise<void> {
    await this.write(() => {
      for (const key of this.states.getKeys({ start: [partition], end: [partition + 1] })) void this.states.remove(key);
      void this.marks.remove([partition]);
    });
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.env.close();
  }

  /** Lets the following reads see what other processes have committed by now. */
  private refresh(): void {
    this.assertOpen();
    this.env.resetReadTxn();
  }

  private assertOpen(): void {
    if (this.closed) throw new FeatureStoreError('the feature store is closed', 'closed', false);
  }

  /**
   * Runs `action` in one write transaction; what it throws undoes all of it. Synchronous for the reason that the
   * embedded event log gives: asynchronous transactions of several processes got lost.
   */
  private async write(action: () => void): Promise<void> {
    this.assertOpen();
    try {
      this.env.transactionSync(action);
    } catch (error) {
      if (error instanceof FeatureStoreError) throw error;
      throw new StoreUnavailableError('the feature store could not be written', { cause: error });
    }
  }
}

function sameMark(a: Mark | undefined, b: Mark | undefined): boolean {
  if (!a || !b) return a === b;
  const isSamePlace = a.topic === b.topic && a.partition === b.partition && a.offset === b.offset;
  return isSamePlace && a.stateFormat === b.stateFormat;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
