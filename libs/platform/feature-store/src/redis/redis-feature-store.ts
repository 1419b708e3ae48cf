/**
 * The feature store on Redis: standalone, Sentinel or Cluster.
 *
 * All of a partition lies under one hash tag, so on one primary: its mark as a string, its users' states as one
 * hash, their ids as a sorted set for listing.
 * After a failover that lost the last writes, states and mark go back together, and the consumer's next commit is
 * refused, since it expects a mark that is gone; it then resumes from the stored one.
 */
import { Mark } from '@watchnext/contract';
import type { FeatureStore, StateCommit, StoredState } from '../port';
import { MarkConflictError, StoreUnavailableError } from '../port';
import { connectRedis, type RedisConnection, type RedisSettings } from './redis-connection';
import { COMMIT_SCRIPT, READ_SCRIPT } from './scripts';

interface ScriptedRedis {
  readPartitionStateBuffer(markKey: string, statesKey: string, userId: string): Promise<[Buffer | null, Buffer | null]>;
  commitPartitionBuffer(...args: (string | Buffer)[]): Promise<[number, (Buffer | null)?]>;
}

/** @param namespace prefix of all keys; one for each topic version */
export function openRedisFeatureStore(settings: RedisSettings, namespace = 'watchnext'): FeatureStore {
  return new RedisFeatureStore(connectRedis(settings), namespace);
}

class RedisFeatureStore implements FeatureStore {
  private readonly scripts: ScriptedRedis;

  constructor(
    private readonly redis: RedisConnection,
    private readonly namespace: string,
  ) {
    // ioredis sends the digest and, where a primary does not know it, the script: a new primary needs no reload by us.
    redis.defineCommand('readPartitionState', { numberOfKeys: 2, lua: READ_SCRIPT });
    redis.defineCommand('commitPartition', { numberOfKeys: 3, lua: COMMIT_SCRIPT });
    this.scripts = redis as unknown as ScriptedRedis;
    // Calls carry their own failures; without a listener the client would print them.
    redis.on('error', () => undefined);
  }

  async read(partition: number, userId: string): Promise<StoredState> {
    const [state, mark] = await this.call('read', () =>
      this.scripts.readPartitionStateBuffer(this.markKey(partition), this.statesKey(partition), userId),
    );
    return { state: state ?? undefined, mark: decodeMark(mark) };
  }

  async readMany(partition: number, userIds: readonly string[]): Promise<Map<string, Uint8Array>> {
    if (userIds.length === 0) return new Map();
    const states = await this.call('readMany', () => this.redis.hmgetBuffer(this.statesKey(partition), ...userIds));
    return new Map(
      userIds.flatMap((userId, index): [string, Uint8Array][] => {
        const state = states[index];
        return state ? [[userId, state]] : [];
      }),
    );
  }

  async readMark(partition: number): Promise<Mark | undefined> {
    return decodeMark(await this.call('readMark', () => this.redis.getBuffer(this.markKey(partition))));
  }

  async commit(partition: number, { expected, next, states }: StateCommit): Promise<void> {
    const keys = [this.markKey(partition), this.statesKey(partition), this.usersKey(partition)];
    const args: (string | Buffer)[] = [...keys, encodeMark(expected), encodeMark(next)];
    for (const [userId, state] of states) args.push(userId, Buffer.from(state.buffer, state.byteOffset, state.byteLength));
    const [written, stored] = await this.call('commit', () => this.scripts.commitPartitionBuffer(...args));
    if (!written) throw new MarkConflictError(partition, expected, decodeMark(stored));
  }

  async listUserIds(partition: number, { afterUserId, limit }: { afterUserId?: string; limit: number }): Promise<string[]> {
    const from = afterUserId === undefined ? '-' : `(${afterUserId}`;
    return this.call('listUserIds', () => this.redis.zrangebylex(this.usersKey(partition), from, '+', 'LIMIT', 0, limit));
  }

  async close(): Promise<void> {
    this.redis.disconnect();
  }

  private markKey(partition: number): string {
    return `${this.namespace}:{p${partition}}:mark`;
  }

  private statesKey(partition: number): string {
    return `${this.namespace}:{p${partition}}:states`;
  }

  private usersKey(partition: number): string {
    return `${this.namespace}:{p${partition}}:users`;
  }

  private async call<Result>(operation: string, run: () => Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (error) {
      throw new StoreUnavailableError(`Redis did not answer ${operation}: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** Marks are compared as bytes: protobuf's encoding of these three fields has one form only. */
function encodeMark(mark: Mark | undefined): Buffer {
  return mark ? Buffer.from(Mark.encode(mark).finish()) : Buffer.alloc(0);
}

function decodeMark(bytes: Buffer | null | undefined): Mark | undefined {
  return bytes && bytes.length > 0 ? Mark.decode(bytes) : undefined;
}
