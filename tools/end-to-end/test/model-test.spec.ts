/** An A/B test of a model: trained beside the current one, named by a variant, and served to its users alone. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DAY_MS } from '@watchnext/features';
import { ProducerClient } from '@watchnext/producer-client';
import { GatewayClient } from '@watchnext/clients';
import { DEFAULT_WORLD, generateHistory, sendAll, World } from '@watchnext/simulator';
import { LocalSystem, temporaryFolder, until } from '../src';

jest.setTimeout(600_000);

const endMs = Math.floor(Date.now() / DAY_MS) * DAY_MS;

describe('a test of a model', () => {
  const folder = temporaryFolder('model-test');
  const definitions = join(folder.path, 'experiments.json');
  let system: LocalSystem;
  /** What was current at the start, and what was published beside it. */
  let control: string;
  let treatment: string;

  const define = (...experiments: object[]) =>
    writeFileSync(definitions, JSON.stringify({ layers: [{ name: 'ranking', salt: 'l' }], experiments }));
  const publishedIds = async () => {
    const store = system.openSnapshots();
    try {
      return { current: await store.readPointer(), newest: (await store.list())[0] };
    } finally {
      await store.close();
    }
  };
  const servedTo = async (userId: string) => {
    const { snapshotId, rung } = await new GatewayClient(system.gatewayUrl).recommendations(userId, {
      limit: 1,
      surface: 'home',
    });
    return { snapshotId, rung };
  };
  const full = (snapshotId: string) => ({ snapshotId, rung: 'full' });
  const servesTo = async (userId: string, snapshotId: string) => {
    await until(`${snapshotId} for ${userId}`, async () => (await servedTo(userId)).snapshotId === snapshotId);
    expect(await servedTo(userId)).toEqual(full(snapshotId));
  };

  beforeAll(async () => {
    define();
    system = await LocalSystem.create({
      environment: {
        WATCHNEXT_EXPERIMENTS_FILE: definitions,
        WATCHNEXT_EXPERIMENTS_POLL_SECONDS: '0.2',
        WATCHNEXT_DEADLINE_MS: '10000',
      },
    });
    await system.start();
    const world = new World({ ...DEFAULT_WORLD, seed: 1, viewerCount: 300, videoCount: 250, dayCount: 7, endMs });
    const client = new ProducerClient({ url: system.ingestionUrl, producer: 'simulator' });
    await sendAll(generateHistory(world).events, client);
    await client.close();
    await system.drained();
  });
  afterAll(async () => {
    await system?.dispose();
    await folder.remove();
  });

  it('leaves what is current as it is while a model is published beside it', async () => {
    expect(await system.train()).toBe(0);
    control = (await publishedIds()).current!;
    expect(await system.train(['--seed', '2', '--not-current'])).toBe(0);
    const { current, newest } = await publishedIds();
    expect(current).toBe(control);
    expect(newest).not.toBe(control);
    treatment = newest;
    await servesTo('anybody', control);
  });

  it('serves each variant the snapshot that it names', async () => {
    define({
      name: 'other-seed',
      hypothesis: 'Another seed makes viewers watch longer.',
      layer: 'ranking',
      salt: 's',
      start: '2020-01-01T00:00:00Z',
      stop: '2120-01-01T00:00:00Z',
      variants: [
        { name: 'control', share: 0.5, serving: { snapshotId: control } },
        { name: 'treatment', share: 0.5, serving: { snapshotId: treatment } },
      ],
      testers: { cora: 'control', tess: 'treatment' },
      audience: { surfaces: ['home'] },
    });
    await servesTo('tess', treatment);
    await servesTo('cora', control);
  });

  it('goes on unchanged when the next training becomes current', async () => {
    expect(await system.train(['--seed', '3'])).toBe(0);
    const { current } = await publishedIds();
    expect([control, treatment]).not.toContain(current);
    // Outside of the experiment the new one is served, so every service has seen it.
    await until('the new snapshot', async () => {
      const answer = await fetch(`${system.gatewayUrl}/v1/users/anybody/recommendations?surface=search&limit=1`);
      return ((await answer.json()) as { snapshotId: string }).snapshotId === current;
    });
    expect([await servedTo('cora'), await servedTo('tess')]).toEqual([full(control), full(treatment)]);
  });
});
