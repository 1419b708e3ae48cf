/**
 * A materialiser in small, for specs that hurt the store: folds a log known in advance, one batch a commit, expecting
 * its own mark; on a conflict it resumes from the stored mark. Only what the store holds counts.
 */
import type { Mark } from '@watchnext/contract';
import { type FeatureStore, MarkConflictError, StoreUnavailableError } from '@watchnext/feature-store';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../src';

export const USER_COUNT = 7;
const BATCH_RECORDS = 5;
export const userOf = (offset: number) => `user-${(offset * 13 + 5) % USER_COUNT}`;

/** Each user's state after all records up to `offset`: how many were theirs, and the last of them. */
export function statesAt(offset: number): Map<string, string> {
  const counts = new Map<string, [number, number]>();
  for (let i = 0; i <= offset; i++) counts.set(userOf(i), [(counts.get(userOf(i))?.[0] ?? 0) + 1, i]);
  return new Map([...counts].map(([userId, [count, last]]) => [userId, `${count}:${last}`]));
}

export interface CounterProgress {
  acknowledged: number;
  conflicts: number;
  failures: StoreUnavailableError[];
  longestCallMs: number;
  /** Offsets of the mark found after each conflict. */
  resumedFrom: (number | undefined)[];
}

/** Folds until the mark is at `lastOffset`. */
export async function countToEnd(
  store: FeatureStore,
  partition: number,
  lastOffset: () => number,
  progress: CounterProgress,
): Promise<void> {
  const markAt = (offset: number): Mark => ({ topic: 't.v1', partition, offset });
  let mark: Mark | undefined | 'unknown' = 'unknown';
  const timed = async <T>(call: () => Promise<T>): Promise<T> => {
    const startMs = performance.now();
    try {
      return await call();
    } finally {
      progress.longestCallMs = Math.max(progress.longestCallMs, performance.now() - startMs);
    }
  };
  for (;;) {
    try {
      if (mark === 'unknown') mark = await timed(() => store.readMark(partition));
      const current: Mark | undefined = mark;
      const from = (current?.offset ?? -1) + 1;
      if (from > lastOffset()) return;
      const to = Math.min(from + BATCH_RECORDS - 1, lastOffset());
      const users = [...new Set(Array.from({ length: to - from + 1 }, (_, i) => userOf(from + i)))];
      const stored = await timed(() => store.readMany(partition, users));
      const folded = new Map(users.map((user) => [user, Buffer.from(stored.get(user) ?? '0:-1').toString()]));
      for (let i = from; i <= to; i++) {
        const [count] = (folded.get(userOf(i)) as string).split(':');
        folded.set(userOf(i), `${Number(count) + 1}:${i}`);
      }
      const states = new Map([...folded].map(([user, state]) => [user, Buffer.from(state)]));
      await timed(() => store.commit(partition, { expected: current, next: markAt(to), states }));
      mark = markAt(to);
      progress.acknowledged = to;
    } catch (error) {
      if (error instanceof MarkConflictError) {
        progress.conflicts++;
        progress.resumedFrom.push(error.actual?.offset);
        mark = error.actual;
      } else if (error instanceof StoreUnavailableError) {
        progress.failures.push(error);
        // As the conflict would have to tell whether the lost answer was a success, the expected mark stays.
        await sleep(20);
      } else throw error;
    }
  }
}

export const noProgress = (): CounterProgress => ({
  acknowledged: -1,
  conflicts: 0,
  failures: [],
  longestCallMs: 0,
  resumedFrom: [],
});

/**
 * What is stored of a partition that nobody writes any more: states as text, and the mark's offset. Asked for again where it fails:
 * specs that hurt a store let it give up soon, sooner than a loaded machine may answer.
 */
export function storedOf(store: FeatureStore, partition: number) {
  return eventually(async () => {
    const users = await store.listUserIds(partition, { limit: 1_000 });
    const states = await store.readMany(partition, users);
    const mark = await store.readMark(partition);
    return {
      states: new Map([...states].map(([user, bytes]) => [user, Buffer.from(bytes).toString()])),
      offset: mark?.offset ?? -1,
    };
  });
}
