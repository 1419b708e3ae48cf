import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeRanker, encodeRankerOf } from '@watchnext/inference';
import { createRandom } from '@watchnext/learning';
import { SNAPSHOT_FILES, writeSafetensorsFile } from '@watchnext/snapshot-store';
import { sizedRanker } from '../../rank/sized-ranker';
import { makeRankingIn, rankingFolder } from './ranking-precision';

describe('rankers of a prepared world', () => {
  let world: string;
  beforeEach(() => (world = mkdtempSync(join(tmpdir(), 'watchnext-precision-'))));
  afterEach(() => rmSync(world, { recursive: true }));

  it('are made in 8 bits of the same weights, once, and without touching those of float32', async () => {
    const model = await sizedRanker({
      vocabularies: { videos: ['v1', 'v2'], channels: ['c1'], topics: ['t1'] },
      dimensionsOf: () => 4,
      hiddenSizes: [64, 32],
      nowMs: 1_700_000_000_000,
      random: createRandom(1),
      seed: 1,
    });
    const float32 = rankingFolder(world, 'a', 'float32');
    mkdirSync(float32);
    const { metadata, tensors } = model.toParts();
    writeFileSync(join(float32, SNAPSHOT_FILES.rankingMetadata), JSON.stringify(metadata));
    await writeSafetensorsFile(join(float32, SNAPSHOT_FILES.rankingTensors), tensors);
    writeFileSync(join(float32, SNAPSHOT_FILES.ranker), encodeRankerOf(model));
    const before = readdirSync(float32).map((file) => readFileSync(join(float32, file)));

    await makeRankingIn('float32', world, 'a');
    expect(readdirSync(world)).toEqual(['ranking-a']);
    await makeRankingIn('int8', world, 'a');

    const int8 = rankingFolder(world, 'a', 'int8');
    const ranker = readFileSync(join(int8, SNAPSHOT_FILES.ranker));
    expect(ranker.equals(encodeRanker(model.tower, model.userSize, 'int8'))).toBe(true);
    expect(ranker.equals(readFileSync(join(float32, SNAPSHOT_FILES.ranker)))).toBe(false);
    const told = JSON.parse(readFileSync(join(int8, SNAPSHOT_FILES.rankingMetadata), 'utf8')) as typeof metadata;
    expect(told).toEqual({
      ...JSON.parse(JSON.stringify(metadata)),
      config: { ...metadata.config, precision: 'int8' },
    });
    expect(readdirSync(int8)).toEqual(readdirSync(float32));
    expect(readdirSync(float32).map((file) => readFileSync(join(float32, file)))).toEqual(before);

    const madeAtMs = statSync(join(int8, SNAPSHOT_FILES.ranker)).mtimeMs;
    await makeRankingIn('int8', world, 'a');
    expect(statSync(join(int8, SNAPSHOT_FILES.ranker)).mtimeMs).toBe(madeAtMs);
  });
});
