import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CandidateModel, ColdStart } from '@watchnext/candidate-model';
import { SnapshotManifest } from '@watchnext/contract';
import { type LocalSnapshot, SNAPSHOT_FILES } from '@watchnext/snapshot-store';
import {
  randomCandidateModel,
  spoilValue,
  statisticsOf,
  writeCandidateFiles,
  writeRankingFiles,
} from '@watchnext/testing/snapshots';
import { loadCandidate, loadRanking } from './load-models';

const VIDEOS = Array.from({ length: 40 }, (_, i) => ({
  videoId: `video-${i}`,
  channelId: `channel-${i % 4}`,
  topics: ['t'],
  durationSeconds: 60 + i,
  uploadedAtMs: 1_770_000_000_000,
}));
const videoIds = VIDEOS.map(({ videoId }) => videoId);
const factsOf = (videoId: string) => VIDEOS[videoIds.indexOf(videoId)]!;
const FEATURES = {
  watchedVideoIds: ['video-3', 'nowhere', 'video-9'],
  searchTokens: ['cats'],
  country: 'SE',
  device: 'tv',
  loggedIn: true,
  ageYears: 30,
  gender: 1,
};

describe('models of a snapshot', () => {
  let directory: string;
  let local: LocalSnapshot;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'watchnext-snapshot-models-'));
    local = withFiles([SNAPSHOT_FILES.coldStartTensors]);
  });
  afterEach(() => rm(directory, { recursive: true }));

  const withFiles = (names: readonly string[]): LocalSnapshot => {
    const files = Object.fromEntries(names.map((name) => [name, { sha256: '', sizeBytes: 0 }]));
    return { snapshotId: 's', directory, manifest: SnapshotManifest.fromPartial({ files }) };
  };

  const expectSameModel = (actual: CandidateModel, expected: CandidateModel) => {
    expect(actual.videoCount).toBe(expected.videoCount);
    expect(actual.videoIds).toEqual(expected.videoIds);
    expect(actual.videoVectors).toEqual(expected.videoVectors);
    expect(actual.userVector(FEATURES, 0)).toEqual(expected.userVector(FEATURES, 0));
  };

  it('are those that were written, with tables on shared memory', async () => {
    await writeCandidateFiles(directory, { videoIds, seed: 1, withIndex: false, factsOf });
    const { model, coldStart, largestNorm } = await loadCandidate(local);
    const expected = randomCandidateModel({ videoIds, seed: 1 });
    expectSameModel(model, expected);
    const { videoVectors, videoCount, config } = expected;
    const row = (video: number) => videoVectors.subarray(video * config.dimensions, (video + 1) * config.dimensions);
    expect(largestNorm).toBeCloseTo(
      Math.max(...Array.from({ length: videoCount }, (_, video) => Math.hypot(...row(video)))),
      9,
    );
    expect(model.videoVectors.buffer[Symbol.toStringTag]).toBe('SharedArrayBuffer');
    const facts = { channelId: 'channel-2', topics: ['t', 'unknown'] };
    const means = ColdStart.of(videoIds, expected.videoVectors, factsOf);
    expect(coldStart!.vectorOf(facts)).toEqual(means.vectorOf(facts));
  });

  it('take tied tables from the file once', async () => {
    await writeCandidateFiles(directory, { videoIds, seed: 1, withIndex: false, tied: true });
    const { model, coldStart } = await loadCandidate({
      ...local,
      manifest: { files: {} } as LocalSnapshot['manifest'],
    });
    expectSameModel(model, randomCandidateModel({ videoIds, seed: 1, tied: true }));
    expect(coldStart).toBeUndefined();
    // The row of what is out of vocabulary lies before the first vector: one table.
    expect(model.videoVectors.byteOffset).toBe(4 * model.config.dimensions);
  });

  it.each([true, false])(
    'have the vectors of a model with a temperature, of length 1 (tied tables: %s)',
    async (tied) => {
      const options = { videoIds, seed: 1, tied, temperature: 0.1 };
      await writeCandidateFiles(directory, { ...options, withIndex: false });
      const { model } = await loadCandidate(withFiles([]));
      expectSameModel(model, randomCandidateModel(options));
      expect(Math.hypot(...model.videoVectors.subarray(0, model.config.dimensions))).toBeCloseTo(1, 5);
    },
  );

  it('have vectors that their index was made for, or the row is named', async () => {
    const { index } = await writeCandidateFiles(directory, { videoIds, seed: 1 });
    const withRadius = (radius: number): LocalSnapshot => ({
      ...local,
      manifest: SnapshotManifest.fromPartial({ index: { ...index!, radius } }),
    });
    const { videoVectors, config } = randomCandidateModel({ videoIds, seed: 1 });
    const norms = videoIds.map((_, row) =>
      Math.hypot(...videoVectors.subarray(row * config.dimensions, (row + 1) * config.dimensions)),
    );
    const longest = Math.max(...norms);
    // What publishing gives passes, up to the longest itself.
    await loadCandidate(withRadius(index!.radius || 1.1 * longest));
    await loadCandidate(withRadius(longest * (1 + 1e-9)));
    const row = norms.indexOf(longest);
    await expect(loadCandidate(withRadius(0.99 * longest))).rejects.toThrow(
      `row ${row} of "video_vectors" (video "video-${row}")`,
    );
  });

  it.each([true, false])('have finite numbers only, or the row is named (tied tables: %s)', async (tied) => {
    await writeCandidateFiles(directory, { videoIds, seed: 1, withIndex: false, tied });
    const { videoVectors, config } = randomCandidateModel({ videoIds, seed: 1, tied });
    const row = videoVectors.subarray(5 * config.dimensions, 6 * config.dimensions);
    await spoilValue(join(directory, SNAPSHOT_FILES.candidateTensors), row);
    if (tied) await spoilValue(join(directory, SNAPSHOT_FILES.candidateTensors), row);
    await expect(loadCandidate(withFiles([]))).rejects.toThrow(
      tied ? /row 6 of "watched_videos" is not finite/ : /row 5 of "video_vectors" is not finite/,
    );
  });

  it('of ranking have finite numbers only, or the row is named', async () => {
    await writeRankingFiles(directory, { videos: VIDEOS, seed: 2 });
    const { model } = await loadRanking(local);
    const { weights } = model.tower[0]!;
    await spoilValue(join(directory, SNAPSHOT_FILES.rankingTensors), weights);
    await expect(loadRanking(local)).rejects.toThrow(/ranking model: row 0 of ".*" is not finite/);
  });

  it('rank and count as those that were written', async () => {
    await writeRankingFiles(directory, { videos: VIDEOS, seed: 2 });
    const { model, statistics } = await loadRanking(local);
    const { vocabularies } = JSON.parse(await readFile(join(directory, SNAPSHOT_FILES.rankingMetadata), 'utf8'));
    expect(model.toParts().metadata.vocabularies).toEqual(vocabularies);
    expect(statistics.ofVideo('video-7')).toEqual(statisticsOf(VIDEOS).ofVideo('video-7'));
    expect(statistics.ofVideoOn('home', 'video-0')).toBeUndefined();
  });

  it('leave the event loop alone while they are read', async () => {
    await writeRankingFiles(directory, { videos: VIDEOS, seed: 2 });
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await loadRanking(local);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });

  it('are not made of files that are missing or damaged, and say which', async () => {
    await expect(loadCandidate(local)).rejects.toThrow(SNAPSHOT_FILES.candidateMetadata);
    await writeRankingFiles(directory, { videos: VIDEOS, seed: 2 });
    await writeFile(join(directory, SNAPSHOT_FILES.statistics), '{"videos": {"v": 1}}');
    await expect(loadRanking(local)).rejects.toThrow('statistics: videos.v');
    await writeCandidateFiles(directory, { videoIds, seed: 1, withIndex: false, factsOf });
    await writeFile(join(directory, SNAPSHOT_FILES.candidateTensors), 'no tensors');
    await expect(loadCandidate(local)).rejects.toThrow('not a safetensors file');
  });
});
