/**
 * The feature store on Redis 7: standalone, Sentinel or Cluster.
 *
 * All of a partition lies under one hash tag, so on one primary:
 *
 *   <namespace>:{p3}:states   hash: user id → encoded state, and under MARK_FIELD the partition's mark
 *   <namespace>:{p3}:users    sorted set of the user ids, for listing
 *
 * State and mark being in one hash, a reader gets both of one moment by a plain HMGET and needs no right but to read.
 *
 * A commit whose answer was lost may have been carried out. The store does not send it again: the caller's next commit
 * that expects the old mark is refused with MarkConflictError and the mark that is stored, from where it goes on. A
 * failover that lost the last writes shows in the same way, since states and mark go back together.
 */
import { Mark } from '@watchnext/contract';
import {
  FeatureStoreError,
  type FeatureStore,
  MarkConflictError,
  type StateCommit,
  type StoredState,
  type StoreUsage,
} from '../port';
import { RedisConnection } from './redis-connection';
import type { RedisSettings } from './redis-settings';
import { COMMIT_SCRIPT } from './scripts';

/** No user id has a control character. */
const MARK_FIELD = '\0mark';
/** States of one HMGET: Redis serves nobody else meanwhile. */
const READ_CHUNK_USERS = 1_000;

interface ScriptedRedis {
  commitPartitionBuffer(
    statesKey: string,
    usersKey: string,
    args: readonly (string | Buffer)[],
  ): Promise<[number, (Buffer | null)?]>;
}

/** @param namespace prefix of all keys; one for each topic version */
export function openRedisFeatureStore(settings: RedisSettings, namespace = 'watchnext'): FeatureStore {
  return new RedisFeatureStore(new RedisConnection(settings), namespace);
}

class RedisFeatureStore implements FeatureStore {
  private readonly scripts: ScriptedRedis;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly connection: RedisConnection,
    private readonly namespace: string,
  ) {
    // ioredis sends the digest and, where a primary does not know it, the script: a new primary needs no reload by us.
    this.redis.defineCommand('commitPartition', { numberOfKeys: 2, lua: COMMIT_SCRIPT });
    this.scripts = this.redis as unknown as ScriptedRedis;
  }

  async read(partition: number, userId: string, signal?: AbortSignal): Promise<StoredState> {
    const [state, mark] = await this.call(
      'read',
      () => this.redis.hmgetBuffer(this.statesKey(partition), checkUserId(userId), MARK_FIELD),
      signal,
    );
    return { state: state ?? undefined, mark: decodeMark(mark) };
  }

  async readMany(partition: number, userIds: readonly string[]): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    for (let from = 0; from < userIds.length; from += READ_CHUNK_USERS) {
      const chunk = userIds.slice(from, from + READ_CHUNK_USERS).map(checkUserId);
      const states = await this.call('readMany', () => this.redis.hmgetBuffer(this.statesKey(partition), ...chunk));
      states.forEach((state, index) => state && found.set(chunk[index] as string, state));
    }
    return found;
  }

  async readMark(partition: number): Promise<Mark | undefined> {
    return decodeMark(await this.call('readMark', () => this.redis.hgetBuffer(this.statesKey(partition), MARK_FIELD)));
  }

  async commit(partition: number, { expected, next, states }: StateCommit): Promise<void> {
    const written: (string | Buffer)[] = [];
    const removed: string[] = [];
    for (const [userId, state] of states) {
      if (state === undefined) removed.push(checkUserId(userId));
      else written.push(checkUserId(userId), Buffer.from(state.buffer, state.byteOffset, state.byteLength));
    }
    const marks = [encodeMark(expected), encodeMark(next)];
    const args = [MARK_FIELD, ...marks, String(removed.length), ...removed, ...written];
    const [isWritten, stored] = await this.call('commit', () =>
      this.scripts.commitPartitionBuffer(this.statesKey(partition), this.usersKey(partition), args),
    );
    if (!isWritten) throw new MarkConflictError(partition, expected, decodeMark(stored));
  }

  async listUserIds(partition: number, options: { afterUserId?: string; limit: number }): Promise<string[]> {
    const from = options.afterUserId === undefined ? '-' : `(${options.afterUserId}`;
    return this.call('listUserIds', () =>
      this.redis.zrangebylex(this.usersKey(partition), from, '+', 'LIMIT', 0, options.limit),
    );
  }

  async usage(partitionCount: number): Promise<StoreUsage> {
    const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
    const counts = await Promise.all(
      partitions.map((partition) => this.call('usage', () => this.redis.zcard(this.usersKey(partition)))),
    );
    const shares = (await this.connection.infoOfPrimaries('memory')).map(memoryShare).filter(Number.isFinite);
    return {
      userCount: counts.reduce((sum, count) => sum + count, 0),
      memoryShare: shares.length === 0 ? undefined : Math.max(...shares),
    };
  }

  /** Not by TIME, which would be one more right. */
  async clocksMs(): Promise<readonly number[]> {
    const infos = await this.connection.infoOfPrimaries('server');
    return infos.map((info) => infoNumber(info, 'server_time_usec') / 1_000).filter(Number.isFinite);
  }

  async clear(partition: number): Promise<void> {
    await this.call('clear', () => this.redis.unlink(this.statesKey(partition), this.usersKey(partition)));
  }

  async close(): Promise<void> {
    await (this.closing ??= this.connection.close());
  }

  private get redis() {
    return this.connection.client;
  }

  private statesKey(partition: number): string {
    return `${this.namespace}:{p${partition}}:states`;
  }

  private usersKey(partition: number): string {
    return `${this.namespace}:{p${partition}}:users`;
  }

  private call<Result>(operation: string, send: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    if (this.closing) throw new FeatureStoreError('the feature store is closed', 'closed', false);
    return this.connection.call(operation, send, signal);
  }
}

function checkUserId(userId: string): string {
  if (userId === MARK_FIELD) throw new RangeError('a user id has no control characters');
  return userId;
}

/** @param info what INFO says of memory; a `maxmemory` of 0 is none, and makes the share infinite */
const memoryShare = (info: string): number => infoNumber(info, 'used_memory') / infoNumber(info, 'maxmemory');

/** NaN for what INFO does not say. */
const infoNumber = (info: string, name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]);

/** Marks are compared as bytes. A `stateFormat` that is absent, as for format 0, takes none: so those of versions that know no formats are equal. */
function encodeMark(mark: Mark | undefined): Buffer {
  return mark ? Buffer.from(Mark.encode(mark).finish()) : Buffer.alloc(0);
}

function decodeMark(bytes: Buffer | null | undefined): Mark | undefined {
  return bytes && bytes.length > 0 ? Mark.decode(bytes) : undefined;
}
