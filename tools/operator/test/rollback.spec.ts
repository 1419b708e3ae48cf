import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  openFolderSnapshotStore,
  SNAPSHOT_FILES,
  type SnapshotStore,
  SnapshotStoreUnavailableError,
} from '@watchnext/snapshot-store';
import { flipBit, publishSnapshot, writeCandidateFiles } from '@watchnext/testing/snapshots';
import { compareSnapshots } from '../src/compare-snapshots';
import { listSnapshots, rollback, RollbackRefusedError } from '../src/rollback';

const FIRST = '20260101T000000Z-aaaaaa';
const SECOND = '20260102T000000Z-bbbbbb';
const THIRD = '20260103T000000Z-cccccc';

describe('rollback', () => {
  let directory: string;
  let store: SnapshotStore;
  let announced: string[];
  const announce = async (snapshotId: string) => void announced.push(snapshotId);

  beforeEach(async () => {
    announced = [];
    directory = await mkdtemp(join(tmpdir(), 'watchnext-rollback-'));
    for (const id of [FIRST, SECOND, THIRD]) {
      await publishSnapshot(directory, id, (files) => writeCandidateFiles(files, { videoIds: ['v'], seed: 1 }));
    }
    store = openFolderSnapshotStore(directory);
  });
  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });

  it('goes back to the parent, again to its parent, and no further than the first', async () => {
    expect(await rollback(store, { announce })).toEqual({ from: THIRD, to: SECOND, moved: true, announced: true });
    expect(await store.readPointer()).toBe(SECOND);
    expect((await rollback(store, { announce })).to).toBe(FIRST);
    expect(announced).toEqual([SECOND, FIRST]);
    await expect(rollback(store, { announce })).rejects.toThrow('is the first snapshot');
    expect((await rollback(store, { announce, to: THIRD })).to).toBe(THIRD);
  });

  it('has moved the pointer even where nobody could be told', async () => {
    const failing = () => Promise.reject(new Error('the log is down'));
    expect(await rollback(store, { announce: failing })).toMatchObject({ moved: true, announced: false });
    expect(await store.readPointer()).toBe(SECOND);
  });

  it('says that the pointer has moved before anybody is told, and why nobody could be', async () => {
    const told: string[] = [];
    const failing = async () => {
      told.push('announcing');
      throw new Error('the log is down');
    };
    const onMoved = (from: string, to: string) => void told.push(`${from} to ${to}`);
    expect(await rollback(store, { announce: failing, onMoved })).toMatchObject({ notAnnounced: 'the log is down' });
    expect(told).toEqual([`${THIRD} to ${SECOND}`, 'announcing']);
  });

  it('lists what there is where the pointer is damaged', async () => {
    const [newest] = (await readdir(join(directory, 'current'))).sort().reverse();
    await writeFile(join(directory, 'current', newest), 'no id\n');
    const [told, ...lines] = await listSnapshots(store, directory);
    expect(told).toMatch(/^none is marked: .*holds no snapshot id/);
    expect(lines.map((line) => line.slice(0, 2 + THIRD.length))).toEqual([`  ${THIRD}`, `  ${SECOND}`, `  ${FIRST}`]);
  });

  it('changes nothing on a dry run, nor where another one is current than was thought', async () => {
    expect(await rollback(store, { announce, dryRun: true })).toEqual({ from: THIRD, to: SECOND, moved: false });
    await expect(rollback(store, { announce, from: SECOND })).rejects.toThrow(`the current snapshot is ${THIRD}`);
    await expect(rollback(store, { announce, to: THIRD })).rejects.toThrow('current already');
    expect([await store.readPointer(), announced]).toEqual([THIRD, []]);
  });

  it('goes to no damaged snapshot, and to none that is not there', async () => {
    await flipBit(join(directory, SECOND, SNAPSHOT_FILES.candidateTensors), 300);
    await expect(rollback(store, { announce })).rejects.toThrow(SNAPSHOT_FILES.candidateTensors);
    await expect(rollback(store, { announce, to: '20250101T000000Z-ffffff' })).rejects.toThrow('not in the store');
    expect(await store.readPointer()).toBe(THIRD);
  });

  it('asks for a target where the current snapshot cannot say what was before it', async () => {
    await flipBit(join(directory, THIRD, 'manifest.json'), 0);
    const blind = rollback(store, { announce });
    await expect(blind).rejects.toThrow(RollbackRefusedError);
    await expect(blind).rejects.toThrow(/manifest.json.*name one by --to/);
    expect((await rollback(store, { announce, to: SECOND })).moved).toBe(true);
  });

  it('lists all snapshots, the damaged ones with the reason', async () => {
    await flipBit(join(directory, SECOND, 'manifest.json'), 0);
    expect(await listSnapshots(store, directory)).toEqual([
      `* ${THIRD}  passed  after ${SECOND}  candidates.recall@100 0.5000`,
      expect.stringMatching(new RegExp(`^  ${SECOND}  unreadable  .*manifest.json: is not a manifest`)),
      `  ${FIRST}  passed  after none  candidates.recall@100 0.5000`,
    ]);
  });

  it('lists why a rejected one was rejected, and holds it against another, metric by metric and check by check', async () => {
    const REJECTED = '20260104T000000Z-dddddd';
    await publishSnapshot(directory, REJECTED, (files) => writeCandidateFiles(files, { videoIds: ['v'], seed: 2 }), {
      becomesCurrent: false,
      told: {
        metrics: [
          { name: 'candidates.recall@100', scorer: 'popularity', value: 0.45 },
          { name: 'candidates.recall@100', scorer: 'model', value: 0.4 },
        ],
        gate: {
          passed: false,
          checks: [
            { name: 'finite', passed: true, detail: 'all metrics are finite' },
            { name: 'candidates-beat-popularity', passed: false, detail: 'recall@100 0.4000, popularity 0.4500' },
          ],
        },
        window: { fromMs: 1, toMs: 2, evaluatedFromMs: 1_767_312_000_000, evaluatedToMs: 1_767_398_400_000 },
      },
    });
    expect((await listSnapshots(store, directory))[0]).toBe(
      `  ${REJECTED}  rejected  after ${THIRD}  candidates.recall@100 0.4000\n` +
        '    FAILED candidates-beat-popularity: recall@100 0.4000, popularity 0.4500',
    );
    const lines = (await compareSnapshots(store, [THIRD, REJECTED]))
      .split('\n')
      .map((line) => line.replace(/ +/g, ' '));
    expect(lines).toEqual(
      expect.arrayContaining([
        'gate passed rejected',
        `after ${SECOND} ${THIRD}`,
        'evaluated from 1970-01-01T00:00:00.001Z 2026-01-02T00:00:00.000Z',
        expect.stringMatching(/^Evaluated on different days/),
        'candidates.recall@100 model 0.5000 0.4000 -0.1000',
        'candidates.recall@100 popularity - 0.4500',
        'finite passed passed',
        'candidates-beat-popularity not made FAILED',
        ` ${REJECTED} recall@100 0.4000, popularity 0.4500`,
      ]),
    );
    expect(await compareSnapshots(store, [THIRD, SECOND])).not.toContain('different days');
    await expect(compareSnapshots(store, [THIRD, '20250101T000000Z-ffffff'])).rejects.toThrow('not in the store');
  });

  it('lists of each model the metric that the gate went by, the longest recall where that is not told', async () => {
    const recalls = [3, 4, 7, 10, 50, 100].map((k) => ({
      name: `candidates.recall@${k}`,
      scorer: 'model',
      value: k / 1_000,
    }));
    const metrics = [
      ...recalls,
      { name: 'candidates.recall@4', scorer: 'popularity', value: 0.9 },
      { name: 'ranking.weighted_per_user_loss', scorer: 'model', value: 0.3 },
      { name: 'ranking.auc', scorer: 'model', value: 0.7 },
    ];
    const detail = 'undecided: recall@4 0.0040, popularity 0.9000, of 11 users in 36 rows';
    const gates = [{ passed: true, checks: [{ name: 'candidates-beat-popularity', passed: true, detail }] }, undefined];
    for (const [n, gate] of gates.entries()) {
      const files = (folder: string) => writeCandidateFiles(folder, { videoIds: ['v'], seed: n });
      await publishSnapshot(directory, `2026020${n + 1}T000000Z-eeeeee`, files, { told: { metrics, gate } });
    }
    const isMetric = (part: string) => /^(candidates|ranking)\./.test(part);
    const headlines = (await listSnapshots(store, directory)).map((line) => line.split('  ').filter(isMetric));
    expect(headlines.slice(0, 2)).toEqual([
      ['candidates.recall@100 0.1000', 'ranking.weighted_per_user_loss 0.3000'],
      ['candidates.recall@4 0.0040', 'ranking.weighted_per_user_loss 0.3000'],
    ]);
  });

  it('lists nothing of a store that fails', async () => {
    const down = new SnapshotStoreUnavailableError('the store is down');
    const failing: SnapshotStore = Object.create(store, { readManifest: { value: () => Promise.reject(down) } });
    await expect(listSnapshots(failing, directory)).rejects.toBe(down);
    await expect(rollback(failing, { announce })).rejects.toBe(down);
  });

  it('refuses where a trainer moved the pointer meanwhile', async () => {
    const racing: SnapshotStore = Object.create(store, {
      movePointer: {
        value: async (expected: string, next: string) => {
          await store.movePointer(THIRD, FIRST);
          await store.movePointer(expected, next);
        },
      },
    });
    await expect(rollback(racing, { announce })).rejects.toThrow(RollbackRefusedError);
    expect(await store.readPointer()).toBe(FIRST);
  });
});
