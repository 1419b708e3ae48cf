/**
 * What every driver of the feature store must do. Another handle may see a commit later than the one that made it;
 * what it sees is always states and mark of one moment.
 */
import type { Mark } from '@watchnext/contract';
import type { FeatureStore } from '@watchnext/feature-store';
import { eventually } from '@watchnext/waiting/testing';
import { TEST_LIMIT_MS } from '../test-limit';

/** One store, empty at first, for one test. */
export interface FeatureStoreUnderTest {
  /** A handle of its own, as another process would have it; closed by `dispose` if the test has not. */
  open(): Promise<FeatureStore>;
  dispose(): Promise<void>;
}

const mark = (offset: number, partition = 1, topic = 'activity.v1'): Mark => ({ topic, partition, offset });
const states = (entries: Record<string, string>) =>
  new Map(Object.entries(entries).map(([userId, text]) => [userId, Buffer.from(text)]));
const text = (bytes: Uint8Array | undefined) => (bytes ? Buffer.from(bytes).toString() : undefined);

/** Declares the suite for a driver. */
export function describeFeatureStore(driver: string, create: () => Promise<FeatureStoreUnderTest>): void {
  describe(`feature store conformance: ${driver}`, () => {
    let under: FeatureStoreUnderTest;
    let store: FeatureStore;
    beforeEach(async () => {
      under = await create();
      store = await under.open();
    }, TEST_LIMIT_MS);
    afterEach(() => under.dispose(), TEST_LIMIT_MS);

    const spec = (name: string, body: () => Promise<void>) => it(name, body, TEST_LIMIT_MS);

    spec('knows nothing at first', async () => {
      expect(await store.read(1, 'anna')).toEqual({ state: undefined, mark: undefined });
      expect(await store.readMark(1)).toBeUndefined();
      expect(await store.readMany(1, ['anna'])).toEqual(new Map());
      expect(await store.listUserIds(1, { limit: 10 })).toEqual([]);
    });

    spec('commits states and mark together, for every handle to see', async () => {
      await store.commit(1, { expected: undefined, next: mark(9), states: states({ anna: 'a1', ben: 'b1' }) });
      const reader = await under.open();
      await eventually(async () => expect(await reader.readMark(1)).toEqual(mark(9)));
      const { state, mark: seen } = await reader.read(1, 'anna');
      expect([text(state), seen]).toEqual(['a1', mark(9)]);
      expect(await reader.read(1, 'carl')).toEqual({ state: undefined, mark: mark(9) });
    });

    spec('keeps bytes as they are', async () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      await store.commit(1, {
        expected: undefined,
        next: mark(0),
        states: new Map([
          ['zoë 😀', bytes],
          ['empty', new Uint8Array()],
        ]),
      });
      expect(Buffer.from((await store.read(1, 'zoë 😀')).state ?? []).equals(Buffer.from(bytes))).toBe(true);
      expect((await store.read(1, 'empty')).state).toHaveLength(0);
    });

    spec('clears one partition as if nothing had been folded', async () => {
      for (const partition of [1, 2]) {
        await store.commit(partition, {
          expected: undefined,
          next: mark(9, partition),
          states: states({ anna: 'a1', ben: 'b1' }),
        });
      }
      await store.clear(1);
      expect(await store.read(1, 'anna')).toEqual({ state: undefined, mark: undefined });
      expect(await store.listUserIds(1, { limit: 10 })).toEqual([]);
      expect(await store.listUserIds(2, { limit: 10 })).toEqual(['anna', 'ben']);
      await store.commit(1, { expected: undefined, next: mark(0), states: states({ carl: 'c1' }) });
      expect(await store.listUserIds(1, { limit: 10 })).toEqual(['carl']);
      await store.clear(7);
    });

    spec('keeps the format of states with the mark', async () => {
      const written = { ...mark(9), stateFormat: 2 };
      await store.commit(1, { expected: undefined, next: written, states: new Map() });
      expect(await store.readMark(1)).toEqual(written);
      // As a version that knows no formats reads it.
      const unaware = store.commit(1, { expected: mark(9), next: mark(12), states: new Map() });
      await expect(unaware).rejects.toMatchObject({ code: 'mark-conflict', actual: written });
      await store.commit(1, { expected: written, next: mark(12), states: new Map() });
      expect(await store.readMark(1)).toEqual(mark(12));
    });

    spec('removes states with the mark, from reading and from listing, and takes their users back', async () => {
      // More than one step of a driver that goes by steps.
      const gone = Array.from({ length: 450 }, (_, i) => `visitor-${i}`);
      const all = states(Object.fromEntries([...gone, 'anna', 'ben'].map((userId) => [userId, 'x'])));
      await store.commit(1, { expected: undefined, next: mark(9), states: all });
      await store.commit(2, { expected: undefined, next: mark(9, 2), states: states({ 'visitor-7': 'two' }) });
      const removed = new Map<string, Buffer | undefined>([...gone, 'nobody'].map((userId) => [userId, undefined]));
      removed.set('ben', Buffer.from('b2')).set('carl', Buffer.from('c1'));
      await store.commit(1, { expected: mark(9), next: mark(12), states: removed });
      expect(await store.read(1, 'visitor-7')).toEqual({ state: undefined, mark: mark(12) });
      expect([...(await store.readMany(1, [...gone, 'nobody', 'ben', 'carl'])).keys()]).toEqual(['ben', 'carl']);
      expect(await store.listUserIds(1, { limit: 1_000 })).toEqual(['anna', 'ben', 'carl']);
      expect((await store.usage(3)).userCount).toBe(4);
      expect(text((await store.read(2, 'visitor-7')).state)).toBe('two');
      await store.commit(1, { expected: mark(12), next: mark(13), states: states({ 'visitor-7': 'again' }) });
      expect(text((await store.read(1, 'visitor-7')).state)).toBe('again');
      expect(await store.listUserIds(1, { afterUserId: 'carl', limit: 10 })).toEqual(['visitor-7']);
    });

    spec('removes nothing by a commit from another mark', async () => {
      await store.commit(1, { expected: undefined, next: mark(9), states: states({ anna: 'a1' }) });
      const late = store.commit(1, { expected: mark(4), next: mark(12), states: new Map([['anna', undefined]]) });
      await expect(late).rejects.toMatchObject({ code: 'mark-conflict' });
      expect(text((await store.read(1, 'anna')).state)).toBe('a1');
      expect(await store.listUserIds(1, { limit: 10 })).toEqual(['anna']);
    });

    spec('moves the mark without states, past records that changed nobody', async () => {
      await store.commit(1, { expected: undefined, next: mark(3), states: new Map() });
      expect(await store.readMark(1)).toEqual(mark(3));
    });

    describe('refuses a commit from another mark, and writes none of it', () => {
      const refused: [string, Mark | undefined][] = [
        ['of the beginning', undefined],
        ['of the past', mark(4)],
        ['of the future', mark(20)],
        ['of another topic version', mark(9, 1, 'activity.v2')],
        ['of another partition', mark(9, 2)],
        ['of another format of states', { ...mark(9), stateFormat: 1 }],
      ];
      it.each(refused)('%s', async (_name, expected) => {
        await store.commit(1, { expected: undefined, next: mark(9), states: states({ anna: 'a1' }) });
        const late = store.commit(1, { expected, next: mark(12), states: states({ anna: 'stale', ben: 'stale' }) });
        await expect(late).rejects.toMatchObject({
          code: 'mark-conflict',
          partition: 1,
          expected,
          actual: mark(9),
          retriable: true,
        });
        expect(text((await store.read(1, 'anna')).state)).toBe('a1');
        expect(await store.read(1, 'ben')).toEqual({ state: undefined, mark: mark(9) });
      });

      spec('on an empty store', async () => {
        const commit = store.commit(1, { expected: mark(9), next: mark(12), states: states({ anna: 'a' }) });
        await expect(commit).rejects.toMatchObject({ code: 'mark-conflict', actual: undefined });
        expect(await store.read(1, 'anna')).toEqual({ state: undefined, mark: undefined });
      });

      spec('so the same commit given twice counts once', async () => {
        const commit = { expected: undefined, next: mark(9), states: states({ anna: 'a1' }) };
        await store.commit(1, commit);
        await expect(store.commit(1, commit)).rejects.toMatchObject({ code: 'mark-conflict' });
      });
    });

    spec('lets exactly one of several rivals win', async () => {
      const rivals = await Promise.all(Array.from({ length: 4 }, () => under.open()));
      for (let round = 0; round < 10; round++) {
        const expected = round === 0 ? undefined : mark(round - 1);
        const outcomes = await Promise.allSettled(
          rivals.map((rival, i) =>
            rival.commit(1, { expected, next: mark(round), states: states({ anna: `${round}:${i}` }) }),
          ),
        );
        const winners = outcomes.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [i] : []));
        expect(winners).toHaveLength(1);
        expect(text((await rivals[winners[0] as number]?.read(1, 'anna'))?.state)).toBe(`${round}:${winners[0]}`);
      }
    });

    spec('keeps partitions apart', async () => {
      await store.commit(1, { expected: undefined, next: mark(9), states: states({ anna: 'one' }) });
      await store.commit(2, { expected: undefined, next: mark(5, 2), states: states({ anna: 'two', ben: 'two' }) });
      expect(text((await store.read(1, 'anna')).state)).toBe('one');
      expect(await store.readMark(2)).toEqual(mark(5, 2));
      expect(await store.listUserIds(1, { limit: 10 })).toEqual(['anna']);
    });

    spec('never shows a state with the mark of another moment', async () => {
      const reader = await under.open();
      let writing = true;
      const writer = (async () => {
        for (let offset = 0; offset < 200; offset++) {
          const expected = offset === 0 ? undefined : mark(offset - 1);
          await store.commit(1, { expected, next: mark(offset), states: states({ anna: String(offset) }) });
        }
      })().finally(() => (writing = false));
      while (writing) {
        const { state, mark: seen } = await reader.read(1, 'anna');
        expect(text(state)).toBe(seen === undefined ? undefined : String(seen.offset));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await writer;
    });

    spec('reads nothing for a caller that gave up, and goes on for others', async () => {
      await store.commit(1, { expected: undefined, next: mark(9), states: states({ anna: 'a1' }) });
      const reason = new Error('the caller is gone');
      await expect(store.read(1, 'anna', AbortSignal.abort(reason))).rejects.toBe(reason);
      const gone = new AbortController();
      const read = store.read(1, 'anna', gone.signal);
      const other = store.read(1, 'anna');
      gone.abort(reason);
      const [outcome] = await Promise.allSettled([read]);
      // A driver that has the answer at once gives it.
      if (outcome.status === 'rejected') expect(outcome.reason).toBe(reason);
      else expect(outcome.value.mark).toEqual(mark(9));
      expect((await other).mark).toEqual(mark(9));
      expect(text((await store.read(1, 'anna', new AbortController().signal)).state)).toBe('a1');
    });

    spec('reads the states there are among many users', async () => {
      await store.commit(1, { expected: undefined, next: mark(9), states: states({ anna: 'a', ben: 'b', carl: 'c' }) });
      const found = await store.readMany(1, ['carl', 'nobody', 'anna']);
      expect(new Map([...found].map(([userId, bytes]) => [userId, text(bytes)]))).toEqual(
        new Map([
          ['carl', 'c'],
          ['anna', 'a'],
        ]),
      );
    });

    spec('lists users page by page in the order of their UTF-8 bytes', async () => {
      // UTF-16, the order of JavaScript strings, would put the emoji before the last one.
      const ids = ['A', 'B-2', 'B2', 'a', 'aa', 'ab', 'é', '\uff5e', '😀'];
      const shuffled = Object.fromEntries([...ids].reverse().map((id) => [id, 'x']));
      await store.commit(1, { expected: undefined, next: mark(0), states: states(shuffled) });
      const pages: string[][] = [];
      for (let after: string | undefined; ;) {
        const page = await store.listUserIds(1, { limit: 4, ...(after === undefined ? {} : { afterUserId: after }) });
        if (page.length === 0) break;
        pages.push(page);
        after = page.at(-1);
      }
      expect(pages).toEqual([ids.slice(0, 4), ids.slice(4, 8), ids.slice(8)]);
      expect(await store.listUserIds(1, { afterUserId: 'az', limit: 1 })).toEqual(['é']);
    });

    spec('tells how many users it holds, and how much of its memory', async () => {
      expect((await store.usage(3)).userCount).toBe(0);
      await store.commit(1, { expected: undefined, next: mark(9), states: states({ anna: 'a', ben: 'b' }) });
      await store.commit(2, { expected: undefined, next: mark(9, 2), states: states({ carl: 'c' }) });
      await store.commit(1, { expected: mark(9), next: mark(12), states: states({ anna: 'a2' }) });
      const { userCount, memoryShare } = await store.usage(3);
      expect(userCount).toBe(3);
      if (memoryShare !== undefined) {
        expect(memoryShare).toBeGreaterThan(0);
        expect(memoryShare).toBeLessThan(1);
      }
    });

    spec('tells the clocks of its machines, or that they are this one', async () => {
      const beforeMs = Date.now();
      const clocksMs = await store.clocksMs();
      // Servers of a spec run here, and Redis reads its clock once for each round of its loop.
      for (const clockMs of clocksMs) {
        expect(clockMs).toBeGreaterThan(beforeMs - 5_000);
        expect(clockMs).toBeLessThan(Date.now() + 1);
      }
    });

    spec('is there again after all handles were closed', async () => {
      await store.commit(1, { expected: undefined, next: mark(9), states: states({ anna: 'a1' }) });
      await store.close();
      const reopened = await under.open();
      const { state, mark: seen } = await reopened.read(1, 'anna');
      expect([text(state), seen]).toEqual(['a1', mark(9)]);
    });
  });
}
