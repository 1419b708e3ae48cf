import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@watchnext/config';
import { type ExperimentsFollowing, followExperiments } from './experiments';
import { createLogger } from './logger';

const logger = createLogger('spec', { level: 'silent', format: 'json' });
const fileWith = (name: string, more: Record<string, unknown> = {}) =>
  JSON.stringify({
    layers: [{ name: 'ranking', salt: 'a' }],
    experiments: [
      {
        name,
        hypothesis: 'Something gets better.',
        layer: 'ranking',
        salt: 'x',
        start: '2026-01-01T00:00:00Z',
        stop: '2126-01-01T00:00:00Z',
        variants: [
          { name: 'control', share: 0.5 },
          { name: 'treatment', share: 0.5, serving: { snapshotId: 'other' } },
        ],
        ...more,
      },
    ],
  });

describe('the file of experiments', () => {
  const folder = mkdtempSync(join(tmpdir(), 'watchnext-experiments-'));
  const path = join(folder, 'experiments.json');
  let refused = 0;
  const followings: ExperimentsFollowing[] = [];
  const follow = async (told = logger) => {
    const following = await followExperiments(
      { WATCHNEXT_EXPERIMENTS_FILE: path, WATCHNEXT_EXPERIMENTS_POLL_SECONDS: 3_600 },
      told,
      () => refused++,
    );
    followings.push(following);
    return following;
  };
  const namesOf = (following: ExperimentsFollowing) => following.current().experiments.map(({ name }) => name);

  beforeEach(() => (refused = 0));
  afterEach(() => followings.splice(0).forEach((following) => following.close()));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is none where none is configured', async () => {
    const following = await followExperiments({ WATCHNEXT_EXPERIMENTS_POLL_SECONDS: 1 }, logger);
    expect(following.current().experiments).toEqual([]);
    expect(following.pinnedSnapshots(Date.now())).toEqual([]);
  });

  it('stops a service that starts when it is missing or wrong, with every problem', async () => {
    await expect(follow()).rejects.toThrow(ConfigError);
    writeFileSync(path, fileWith('first', { stop: '2025-01-01T00:00:00Z' }));
    await expect(follow()).rejects.toThrow(/WATCHNEXT_EXPERIMENTS_FILE: first\.stop: must be after the start/);
  });

  it('is read again when it changes, and asks for its snapshots', async () => {
    writeFileSync(path, fileWith('first'));
    const following = await follow();
    expect(namesOf(following)).toEqual(['first']);
    expect(following.pinnedSnapshots(Date.now())).toEqual(['other']);
    const before = following.current();
    await following.refresh();
    expect(following.current()).toBe(before);
    writeFileSync(path, fileWith('second'));
    await following.refresh();
    expect(namesOf(following)).toEqual(['second']);
  });

  it('is read once more for who asks while it is being read: it may have changed since', async () => {
    writeFileSync(path, fileWith('first'));
    const asked: Promise<void>[] = [];
    const changing = Object.assign(Object.create(logger) as typeof logger, {
      // Told by a look that has read the file and has not ended.
      info: jest.fn((_: object, message: string) => {
        if (message !== 'read the experiments again' || asked.length > 0) return;
        writeFileSync(path, fileWith('third'));
        asked.push(following.refresh(), following.refresh());
      }),
    });
    const following = await follow(changing);
    writeFileSync(path, fileWith('second'));
    await following.refresh();
    await Promise.all(asked);
    expect(namesOf(following)).toEqual(['third']);
    expect(asked[1]).toBe(asked[0]);
    expect(changing.info).toHaveBeenCalledTimes(3);
  });

  it('stays in force as it was when the new one is wrong or gone, until it is right again', async () => {
    writeFileSync(path, fileWith('first'));
    const following = await follow();
    writeFileSync(path, '{"layers": [');
    await following.refresh();
    await following.refresh();
    expect([namesOf(following), refused]).toEqual([['first'], 1]);
    rmSync(path);
    await following.refresh();
    await following.refresh();
    expect([namesOf(following), refused]).toEqual([['first'], 2]);
    writeFileSync(path, fileWith('third'));
    await following.refresh();
    expect([namesOf(following), refused]).toEqual([['third'], 2]);
  });
});
