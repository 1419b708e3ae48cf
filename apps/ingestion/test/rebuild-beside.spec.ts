/** `npm run rebuild` as built, beside materialisers that have nothing to do at the moment. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { TOPICS } from '@watchnext/contract';
import { foldedTo } from '@watchnext/feature-store';
import { eventOf, eventually, recordOf, watchOf } from '@watchnext/testing';
import { Materialiser } from '../src/materialise/materialiser';
import { MATERIALISERS } from '../src/rebuild/require-nobody-materialises';
import { openStores, PARTITIONS, quiet, storedStates, type Stores } from './harness';

const AT_MS = 1_790_000_000_000;
const REBUILD = resolve(__dirname, '..', 'dist', 'commands', 'rebuild.js');

describe('npm run rebuild beside a materialiser', () => {
  let stores: Stores;
  beforeEach(async () => {
    stores = await openStores();
    const events = Array.from({ length: 40 }, (_, i) => eventOf(watchOf(`user-${i}`, 'video'), AT_MS + i));
    await stores.log.append(TOPICS.activity, events.map(recordOf));
  });
  afterEach(() => stores.dispose());

  // Not runBuilt, which would keep the materialiser from showing a sign of life.
  const rebuild = (...args: string[]) =>
    new Promise<{ code: number | string | undefined; text: string }>((done) => {
      const env = {
        ...process.env,
        WATCHNEXT_DATA_DIR: stores.directory,
        WATCHNEXT_ACTIVITY_PARTITIONS: String(PARTITIONS),
        WATCHNEXT_LOG_LEVEL: 'silent',
      };
      execFile(process.execPath, [REBUILD, ...args], { env }, (error, stdout, stderr) =>
        done({ code: error === null ? 0 : (error.code ?? undefined), text: stdout + stderr }),
      );
    });

  async function materialiseAll() {
    const options = { partitionCount: PARTITIONS, cachedUsersPerPartition: 100 };
    const materialiser = new Materialiser(stores.log, stores.store, quiet, options);
    const subscription = await stores.log.joinGroup(MATERIALISERS, materialiser);
    await eventually(async () => {
      for (const { partition, endOffset } of await stores.log.bounds(TOPICS.activity))
        expect(await foldedTo(stores.store, partition)).toBe(endOffset);
    });
    return subscription;
  }

  it('refuses, names whom to stop, and leaves the states; not once it has stopped', async () => {
    const materialising = await materialiseAll();
    const states = await storedStates(stores.store);
    const atWork = new RegExp(`materialisers are at work \\(process ${process.pid}\\): stop them first`);
    // The archive is empty: what does not see the materialiser ends as well, for that.
    await eventually(async () => {
      for (const args of [[], ['--overwrite']])
        expect(await rebuild(...args)).toEqual({ code: 1, text: expect.stringMatching(atWork) });
    });
    expect(await storedStates(stores.store)).toEqual(states);
    await materialising.stop();
    expect(await rebuild()).toEqual({ code: 1, text: expect.stringMatching('there is nothing to restore') });
  });
});
