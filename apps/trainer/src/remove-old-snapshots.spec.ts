import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, embeddedPaths, loadConfig } from '@watchnext/config';
import { createLogger } from '@watchnext/service';
import { openFolderSnapshotStore } from '@watchnext/snapshot-store';
import { temporaryDirectory } from '@watchnext/testing';
import { publishSnapshot } from '@watchnext/testing/snapshots';
import { parseCommand } from './cli';
import { removeOldSnapshotsBy } from './remove-old-snapshots';
import type { RunReport } from './report';
import { trainerSettings } from './settings';
import { type TrainerParts, TrainingRunner } from './training-runner';

const HOUR_MS = 3_600_000;

describe('old snapshots, before and after a training run,', () => {
  let data: { path: string; remove(): Promise<void> };
  const [info, warn] = [jest.fn(), jest.fn()];
  const logger = Object.assign(createLogger('spec', { level: 'silent', format: 'json' }), { info, warn });
  const settings = (more: Record<string, string> = {}) =>
    loadConfig(trainerSettings, { WATCHNEXT_DATA_DIR: data.path, ...more });
  const held = () => openFolderSnapshotStore(embeddedPaths(data.path).snapshots).list();

  const publishLongAgo = async (id: string) => {
    const { snapshots } = embeddedPaths(data.path);
    await publishSnapshot(snapshots, id, async (folder) => {
      await writeFile(join(folder, 'ranker.onnx'), id);
      return {};
    });
    const longAgo = new Date(Date.now() - 5 * HOUR_MS);
    const moves = (await readdir(join(snapshots, 'current'))).map((name) => join('current', name));
    for (const path of [id, ...moves]) await utimes(join(snapshots, path), longAgo, longAgo);
  };

  beforeEach(async () => {
    jest.clearAllMocks();
    data = await temporaryDirectory('old-snapshots');
    for (const id of ['a', 'b', 'c', 'd']) await publishLongAgo(id);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await data.remove();
  });

  it('all stay, unless the settings say how many', async () => {
    await removeOldSnapshotsBy(settings(), logger);
    expect(await held()).toEqual(['d', 'c', 'b', 'a']);
  });

  it('go but for so many, and the log names them', async () => {
    await removeOldSnapshotsBy(settings({ WATCHNEXT_KEPT_SNAPSHOTS: '2' }), logger);
    expect(await held()).toEqual(['d', 'c']);
    expect(info).toHaveBeenCalledWith({ snapshotIds: ['b', 'a'] }, 'removed old snapshots');
  });

  it('stay where an experiment names them that is not over', async () => {
    const file = join(data.path, 'experiments.json');
    const experiment = (name: string, snapshotId: string, start: string, stop: string) => ({
      name,
      hypothesis: 'Something gets better.',
      layer: 'ranking',
      salt: name,
      start,
      stop,
      variants: [
        { name: 'control', share: 0.5 },
        { name: 'treatment', share: 0.5, serving: { snapshotId } },
      ],
    });
    const experiments = [
      experiment('over', 'a', '2020-01-01T00:00:00Z', '2020-02-01T00:00:00Z'),
      experiment('to-come', 'b', '2126-01-01T00:00:00Z', '2126-02-01T00:00:00Z'),
    ];
    await writeFile(file, JSON.stringify({ layers: [{ name: 'ranking', salt: 'a' }], experiments }));
    await removeOldSnapshotsBy(settings({ WATCHNEXT_KEPT_SNAPSHOTS: '2', WATCHNEXT_EXPERIMENTS_FILE: file }), logger);
    expect(await held()).toEqual(['d', 'c', 'b']);
  });

  it('all stay while the file of experiments cannot be read, and the log says so', async () => {
    const file = join(data.path, 'experiments.json');
    for (const write of [async () => undefined, () => writeFile(file, '{"experiments": 3}')]) {
      await write();
      await removeOldSnapshotsBy(settings({ WATCHNEXT_KEPT_SNAPSHOTS: '2', WATCHNEXT_EXPERIMENTS_FILE: file }), logger);
    }
    expect(await held()).toEqual(['d', 'c', 'b', 'a']);
    expect(warn).toHaveBeenCalledTimes(2);
  });

  it('go before a run, which may need their room, and after one that came to its end, not after one that failed', async () => {
    const parts = { settings: settings({ WATCHNEXT_KEPT_SNAPSHOTS: '2' }), logger } as unknown as TrainerParts;
    const runner = new TrainingRunner(parts);
    const report = { outcome: 'rejected' } as RunReport;
    const heldAtBegin: string[][] = [];
    jest
      .spyOn(runner as unknown as { runIn(): Promise<RunReport> }, 'runIn')
      .mockImplementationOnce(async () => {
        heldAtBegin.push(await held());
        await publishLongAgo('e');
        throw new Error('out of memory');
      })
      .mockImplementationOnce(async () => {
        heldAtBegin.push(await held());
        await publishLongAgo('f');
        return report;
      });
    const command = parseCommand(['--once'], { exitOverride: true });
    await expect(runner.run(command)).rejects.toThrow('out of memory');
    expect(await held()).toEqual(['e', 'd', 'c']);
    expect(await runner.run(command)).toBe(report);
    expect(await held()).toEqual(['f', 'e']);
    expect(heldAtBegin).toEqual([
      ['d', 'c'],
      ['e', 'd'],
    ]);
  });

  it('cannot be asked for of a bucket, nor without a way back', () => {
    const s3 = { WATCHNEXT_OBJECT_STORE: 's3', WATCHNEXT_S3_BUCKET: 'snapshots' };
    expect(() => settings({ WATCHNEXT_KEPT_SNAPSHOTS: '20', ...s3 })).toThrow(ConfigError);
    expect(() => settings({ WATCHNEXT_KEPT_SNAPSHOTS: '20', ...s3 })).toThrow(/lifecycle rule/);
    expect(() => settings({ WATCHNEXT_KEPT_SNAPSHOTS: '1' })).toThrow(/at least 2/);
    expect(settings(s3).WATCHNEXT_KEPT_SNAPSHOTS).toBeUndefined();
  });
});
