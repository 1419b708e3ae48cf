import { rmSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AnnIndex, VectorRows } from '@watchnext/ann-index';
import { embeddedPaths } from '@watchnext/config';
import { TOPICS } from '@watchnext/contract';
import type { CandidateFeatures } from '@watchnext/features';
import { RankerStack } from '@watchnext/inference';
import { openEmbeddedEventLog, type LogRecord } from '@watchnext/event-log';
import type { Logger } from '@watchnext/service';
import { SNAPSHOT_FILES } from '@watchnext/snapshot-store';
import { temporaryDirectory, TEST_LIMIT_MS } from '@watchnext/testing';
import { parseCommand } from '../src/cli';
import { NothingToTrainError, RunStoppedError } from '../src/errors';
import { loadModels } from '@watchnext/offline';
import { trainOnce } from '../src/train-once';
import { LOGGER } from '../src/tokens';
import { TrainingRunner } from '../src/training-runner';
import { contextOf, expectServedAsTrained, storeOf, train, trainWith } from './harness';
import { archiveEvents, strangersEvents, syntheticEvents } from './synthetic-log';

const SIZE = { userCount: 40, videoCount: 80, dayCount: 4 };

interface Folder {
  readonly path: string;
  remove(): Promise<void>;
}

describe('the trainer, once', () => {
  let data: Folder;
  let first: { code: number; printed: string };
  const metricsFile = () => join(data.path, 'metrics.json');

  beforeAll(async () => {
    data = await temporaryDirectory('trainer');
    await archiveEvents(data.path, syntheticEvents(SIZE));
    first = await train(data.path, '--seed', '7', '--metrics-json', metricsFile());
  }, TEST_LIMIT_MS);
  afterAll(() => data.remove());

  const currentSnapshot = async () => {
    const store = storeOf(data.path);
    return store.fetch((await store.readPointer()) as string);
  };

  it('publishes a snapshot that passes the gate, verifies, and is current', async () => {
    expect(first.printed).toMatch(/is published and current/);
    expect(first.code).toBe(0);
    const { manifest } = await currentSnapshot();
    expect(manifest.gate?.passed).toBe(true);
    expect(manifest.gate?.checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'finite',
        'candidates-beat-popularity',
        'ranking-beats-item-means',
        'index-recall',
        'final-models-finite',
      ]),
    );
    expect(manifest.parentSnapshotId).toBe('');
    expect(manifest.seed).toBe(7);
    expect(Object.keys(manifest.files).sort()).toEqual(Object.values(SNAPSHOT_FILES).sort());
    expect(manifest.window?.toMs).toBeGreaterThan(manifest.window?.evaluatedFromMs ?? Infinity);
  });

  it('publishes towers that equal the models, and an index over its videos', async () => {
    const local = await currentSnapshot();
    const { candidate, ranking } = await loadModels(local);
    const features: CandidateFeatures = {
      watchedVideoIds: ['video-1', 'video-5', 'unheard-of'],
      searchTokens: [],
      country: 'DE',
      device: 'phone',
      loggedIn: true,
      ageYears: 30,
      gender: 0,
    };
    await expectServedAsTrained(local, candidate, features);

    const parameters = local.manifest.index;
    if (!parameters) throw new Error('the manifest has no index');
    const rows = new VectorRows(candidate.videoVectors, candidate.config.dimensions);
    const index = await AnnIndex.load(join(local.directory, SNAPSHOT_FILES.index), parameters, rows);
    const found = index.search(candidate.userVector(features, 0), 5).labels.map((label) => candidate.videoIds[label]);
    // This viewer's group is 1: nearest are videos of that group.
    expect(found.filter((videoId) => Number(videoId.split('-')[1]) % 4 === 1).length).toBeGreaterThanOrEqual(4);

    const ranker = await RankerStack.load(await readFile(join(local.directory, SNAPSHOT_FILES.ranker)));
    const logits = await ranker.runRows(new Float32Array(2 * ranking.inputSize), 2);
    await ranker.close();
    expect(logits).toHaveLength(2 * ranking.headCount);
    for (const row of [0, 1]) expect(ranking.scoreOf(logits, row).expectedWatchSeconds).toBeGreaterThan(0);
  });

  it('publishes lists and statistics with what serving needs of each video', async () => {
    const { directory } = await currentSnapshot();
    const read = async (file: string) => JSON.parse(await readFile(join(directory, file), 'utf8'));
    const { popular, fresh } = await read(SNAPSHOT_FILES.popular);
    expect(popular.length).toBe(SIZE.videoCount);
    expect(popular[0]).toEqual({
      videoId: expect.any(String),
      score: 1,
      video: expect.objectContaining({ durationSeconds: 100 }),
    });
    for (const list of [popular, fresh]) {
      const scores = list.map(({ score }: { score: number }) => score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
    }
    expect(fresh[0].videoId).toBe('video-0');
    const { videos: statistics } = await read(SNAPSHOT_FILES.statistics);
    expect(Object.keys(statistics)).toHaveLength(SIZE.videoCount);
    expect(statistics['video-0'].impressionCount).toBeGreaterThan(statistics['video-0'].clickCount);
  });

  it('announces the snapshot', async () => {
    const log = openEmbeddedEventLog(embeddedPaths(data.path).eventLog);
    const seen: LogRecord[] = [];
    const subscription = await log.tail(TOPICS.snapshots, { onRecords: async (records) => void seen.push(...records) });
    await subscription.stop();
    await log.close();
    expect(seen.map((record) => record.key)).toContain((await currentSnapshot()).snapshotId);
  });

  it('prints the metrics and writes them as JSON', async () => {
    expect(first.printed).toMatch(/candidates\.recall@100\s+model/);
    const json = JSON.parse(await readFile(metricsFile(), 'utf8'));
    expect(json).toMatchObject({ outcome: 'published', seed: 7, gate: { passed: true } });
    expect(json.machine.processorCount).toBeGreaterThan(0);
    expect(json.versions.tensorBackend).toBe('wasm');
    expect(Object.keys(json.secondsByStage)).toContain('train ranking model');
    const recall = (scorer: string) =>
      json.metrics.find(
        (row: { name: string; scorer: string }) => row.name === 'candidates.recall@10' && row.scorer === scorer,
      ).value;
    expect(recall('model')).toBeGreaterThan(recall('popularity'));
  });

  it(
    'gives the same metrics for the same archive and seed, and follows the snapshot before it',
    async () => {
      const before = (await currentSnapshot()).snapshotId;
      const again = join(data.path, 'again.json');
      const { code } = await train(data.path, '--seed', '7', '--metrics-json', again);
      expect(code).toBe(0);
      const metrics = async (file: string) => JSON.parse(await readFile(file, 'utf8')).metrics;
      expect(await metrics(again)).toEqual(await metrics(metricsFile()));
      const { manifest } = await currentSnapshot();
      expect(manifest.parentSnapshotId).toBe(before);
      expect(manifest.gate?.checks.find(({ name }) => name === 'ranking-no-regression')?.detail).toContain(
        `${before} (recorded on the same days)`,
      );
      expect(await readdir(join(data.path, 'trainer'))).toEqual([]);
    },
    TEST_LIMIT_MS,
  );

  it(
    'replaces a current snapshot that is damaged, rather than be held up by it',
    async () => {
      const before = (await currentSnapshot()).snapshotId;
      const file = join(embeddedPaths(data.path).snapshots, before, 'manifest.json');
      const manifest = await readFile(file, 'utf8');
      await writeFile(file, manifest.replace('"seed"', '"sEed"'));
      expect((await train(data.path)).printed).toMatch(/is published and current/);
      expect((await currentSnapshot()).snapshotId).not.toBe(before);
      await writeFile(file, manifest);
    },
    TEST_LIMIT_MS,
  );

  it(
    'has published what it published, also where the metrics can no longer be written',
    async () => {
      const before = (await currentSnapshot()).snapshotId;
      const folder = join(data.path, 'metrics');
      await mkdir(folder);
      const command = parseCommand(['--once', '--metrics-json', join(folder, 'metrics.json')], { exitOverride: true });
      const app = await contextOf(data.path, () => rmSync(folder, { recursive: true }));
      const warned = jest.spyOn(app.get<Logger>(LOGGER), 'warn');
      expect(await trainOnce(app, command)).toBe(0);
      expect(warned).toHaveBeenCalledWith(
        { err: expect.objectContaining({ code: 'ENOENT' }) },
        expect.stringMatching(/^the metrics could not be written to .*metrics\.json: ENOENT/),
      );
      expect((await currentSnapshot()).snapshotId).not.toBe(before);
    },
    TEST_LIMIT_MS,
  );

  it('stops between two steps when asked, and leaves the pointer alone', async () => {
    const before = (await currentSnapshot()).snapshotId;
    const app = await contextOf(data.path);
    const runner = app.get(TrainingRunner);
    const run = runner.run(parseCommand(['--once', '--seed', '1']));
    await expect(runner.run(parseCommand(['--once', '--seed', '2']))).rejects.toThrow(/going on already/);
    const ended = expect(run).rejects.toThrow(RunStoppedError);
    await app.close();
    await ended;
    expect((await currentSnapshot()).snapshotId).toBe(before);
    expect(await readdir(join(data.path, 'trainer'))).toEqual([]);
  });

  it('names a corrupt archive file, fails, and leaves the pointer alone', async () => {
    const before = (await currentSnapshot()).snapshotId;
    const folder = join(embeddedPaths(data.path).archive, TOPICS.activity);
    const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.parquet')).sort();
    const [file] = files;
    const path = join(folder, file);
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length - 20));
    const app = await contextOf(data.path);
    const run = app.get(TrainingRunner).run(parseCommand(['--once', '--seed', '1']));
    await expect(run).rejects.toMatchObject({ code: 'archive-corrupt', message: expect.stringContaining(file) });
    await app.close();
    expect((await train(data.path)).code).toBe(1);
    await writeFile(path, bytes);
    expect((await currentSnapshot()).snapshotId).toBe(before);
  });
});

describe('the trainer with a model that predicts badly', () => {
  it(
    'keeps the snapshot with its reasons, exits with 3, and moves no pointer',
    async () => {
      const data = await temporaryDirectory('trainer-rejected');
      try {
        // So many that popularity is ahead beyond chance: of few the gate is undecided.
        await archiveEvents(data.path, syntheticEvents({ userCount: 700, videoCount: 120, dayCount: 4, fickle: true }));
        const { code, printed } = await train(data.path, '--metrics-json', join(data.path, 'metrics.json'));
        expect(code).toBe(3);
        expect(printed).toMatch(/FAILED {2}ranking-beats-item-means[\s\S]*was rejected/);
        const store = storeOf(data.path);
        const [snapshotId] = await store.list();
        const { gate, window } = await store.readManifest(snapshotId);
        expect(gate?.passed).toBe(false);
        expect(gate?.checks.find(({ name }) => name === 'candidates-beat-popularity')?.passed).toBe(false);
        // It has learned from nothing of the held-out days.
        expect(window?.toMs).toBe((window?.evaluatedFromMs ?? NaN) - 1);
        await expect(store.fetch(snapshotId)).resolves.toMatchObject({ snapshotId });
        expect(await store.readPointer()).toBeUndefined();
        expect(JSON.parse(await readFile(join(data.path, 'metrics.json'), 'utf8')).outcome).toBe('rejected');
      } finally {
        await data.remove();
      }
    },
    TEST_LIMIT_MS,
  );
});

describe('the trainer with ten users and thirty videos', () => {
  it.each(['1', '2', '3'])(
    'publishes what can be learned of them, seed %s, and the next run again',
    async (seed) => {
      const data = await temporaryDirectory('trainer-small');
      try {
        await archiveEvents(data.path, syntheticEvents({ userCount: 10, videoCount: 30, dayCount: 3 }));
        for (const run of [1, 2]) {
          const { code, printed } = await train(data.path, '--seed', seed);
          expect([run, printed]).toEqual([run, expect.stringMatching(/is published and current/)]);
          expect(code).toBe(0);
        }
        expect(await storeOf(data.path).list()).toHaveLength(2);
      } finally {
        await data.remove();
      }
    },
    TEST_LIMIT_MS,
  );
});

describe('the trainer with users of one event each', () => {
  const trainOf = async (userCount: number, settings: Readonly<Record<string, string>> = {}) => {
    const data = await temporaryDirectory('trainer-strangers');
    try {
      await archiveEvents(data.path, strangersEvents(userCount));
      const { code, printed } = await trainWith(settings, data.path);
      expect(await storeOf(data.path).list()).toHaveLength(1);
      return { code, printed };
    } finally {
      await data.remove();
    }
  };

  it(
    'trains, and the gate rejects what beats no counting',
    async () => {
      // Nobody has a history, so there is nothing to know of anybody beyond what counting by video knows; from random weights not even that.
      const fromRandom = { WATCHNEXT_CANDIDATE_SETTINGS: '{"initialWeights":"random"}' };
      const { code, printed } = await trainOf(1_200, fromRandom);
      expect(code).toBe(3);
      expect(printed).toMatch(/FAILED {2}candidates-beat-popularity: recall/);
    },
    TEST_LIMIT_MS,
  );

  it(
    'trains what is as good as counting, and the gate is undecided about it',
    async () => {
      const { code, printed } = await trainOf(1_200);
      const [, recall, popularity] =
        /passed {2}candidates-beat-popularity: undecided: recall@\d+ (\S+), popularity (\S+),/.exec(printed) ?? [];
      expect(code).toBe(0);
      expect(Number(recall)).toBeGreaterThan(0);
      expect(recall).toBe(popularity);
    },
    TEST_LIMIT_MS,
  );

  it(
    'trains, and the gate is undecided about what beats no counting of few lists',
    async () => {
      const { code, printed } = await trainOf(300);
      expect(code).toBe(0);
      expect(printed).toMatch(
        /ranking-beats-item-means: undecided: weighted per-user loss [^\n]* of \d+ users in \d+ rows, 95%/,
      );
    },
    TEST_LIMIT_MS,
  );
});

describe('the trainer with too little to learn from', () => {
  let data: Folder;
  beforeEach(async () => {
    data = await temporaryDirectory('trainer');
  });
  afterEach(() => data.remove());

  const reasonOf = async () => {
    const app = await contextOf(data.path);
    try {
      await app.get(TrainingRunner).run(parseCommand(['--once', '--seed', '1']));
      return 'trained';
    } catch (error) {
      expect(error).toBeInstanceOf(NothingToTrainError);
      return (error as Error).message;
    } finally {
      await app.close();
    }
  };

  it.each([
    ['an archive that is not there', undefined, /no activity/],
    ['a catalogue without activity', { userCount: 0, videoCount: 3, dayCount: 3 }, /no activity/],
    ['one user', { userCount: 1, videoCount: 20, dayCount: 3 }, /single user/],
    ['one video', { userCount: 10, videoCount: 1, dayCount: 3 }, /nothing to train on/],
  ])('says so for %s, exits with 4 and publishes nothing', async (_, size, reason) => {
    if (size) await archiveEvents(data.path, syntheticEvents(size));
    expect(await reasonOf()).toMatch(reason);
    expect((await train(data.path)).code).toBe(4);
    const store = storeOf(data.path);
    expect(await store.list()).toEqual([]);
    expect(await store.readPointer()).toBeUndefined();
  });
});
