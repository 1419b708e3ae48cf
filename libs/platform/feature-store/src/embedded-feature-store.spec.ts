import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedFeatureStore } from './embedded-feature-store';

// What every driver must do is in @watchnext/testing; here is what is this driver's own.
describe('openEmbeddedFeatureStore', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'watchnext-feature-store-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('creates the folder', async () => {
    const store = openEmbeddedFeatureStore(join(directory, 'new', 'folder'));
    expect(await store.readMark(0)).toBeUndefined();
    await store.close();
  });

  it('says so when it is used after closing, and may be closed twice', async () => {
    const store = openEmbeddedFeatureStore(directory);
    await store.close();
    await store.close();
    await expect(store.readMark(0)).rejects.toMatchObject({ code: 'closed' });
    const next = { topic: 't.v1', partition: 0, offset: 0 };
    await expect(store.commit(0, { expected: undefined, next, states: new Map() })).rejects.toMatchObject({
      code: 'closed',
    });
  });

  it('leaves a handle of the same process open when another one closes', async () => {
    const [first, second] = [openEmbeddedFeatureStore(directory), openEmbeddedFeatureStore(directory)];
    await first.close();
    const next = { topic: 't.v1', partition: 0, offset: 0 };
    await second.commit(0, { expected: undefined, next, states: new Map() });
    expect(await second.readMark(0)).toEqual(next);
    await second.close();
  });
});
