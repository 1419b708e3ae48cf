import { createHash } from 'node:crypto';
import { NO_STATISTICS, type Statistics, statisticsFrom } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { exampleOf, smallConfig, userOf, videoOf } from '../test/builders';
import { featuresChecksum } from './checksum';
import { RankingModel } from './ranking-model';
import { referenceRankingEngine } from './reference-engine';
import { trainRankingModel } from './train';

const STATISTICS = { impressionCount: 40, clickCount: 10, clickWatchSeconds: 500, watchCount: 12 };
/** The same counts of every video, channel and topic. */
const KNOWN: Statistics = {
  ofVideo: () => STATISTICS,
  ofVideoOn: () => STATISTICS,
  ofChannel: () => STATISTICS,
  ofTopic: () => STATISTICS,
  ofChannelIn: () => STATISTICS,
  impressionCountIn: () => 100,
};
const SEEN = videoOf({ videoId: 'v3', channelId: 'c1', topics: ['t1', 't2'], values: { durationSeconds: 120 } });

let model: RankingModel;
beforeAll(async () => {
  const random = createRandom(1);
  const examples = Array.from({ length: 300 }, (_, n) => {
    const clicked = random.next() < 0.5;
    return exampleOf({
      user: userOf({
        lastWatchedVideoId: `v${n % 9}`,
        values: { watchCount: n % 50, ageYears: n % 3 === 0 ? NaN : 20 + (n % 40) },
      }),
      video: videoOf({
        videoId: `v${n % 10}`,
        channelId: `c${n % 3}`,
        topics: [`t${n % 4}`, `t${(n + 1) % 4}`],
        source: n % 5 === 0 ? 'fresh' : 'retrieval',
        values: { durationSeconds: 10 + (n % 100), sourceScore: n % 7 },
      }),
      clicked,
      watchSeconds: clicked ? 10 + 50 * random.next() : 0,
    });
  });
  const statisticsAt = () => ({ ...KNOWN, ofVideo: (id: string) => (id === 'v9' ? undefined : STATISTICS) });
  model = await trainRankingModel({
    examples,
    statisticsAt,
    config: smallConfig({ epochs: 1 }),
    createEngine: referenceRankingEngine,
    seed: 1,
  });
});

function rowOf(user = userOf(), video = videoOf(), statistics: Statistics = KNOWN): Float32Array {
  const row = new Float32Array(model.inputSize).fill(NaN);
  model.writeInput(model.encodeUser(user), video, statistics, row, 0);
  return row;
}

function columnsOf(name: string, row: Float32Array): number[] {
  const { from, to } = model.inputGroups.find((group) => group.name === name)!;
  return [...row.subarray(from, to)];
}

describe('an input row', () => {
  it('is covered by the groups, each column once', () => {
    let column = 0;
    for (const { from, to } of model.inputGroups) {
      expect(from).toBe(column);
      expect(to).toBeGreaterThanOrEqual(from);
      column = to;
    }
    expect(column).toBe(model.inputSize);
    expect(new Set(model.inputGroups.map((group) => group.name)).size).toBe(model.inputGroups.length);
    expect(rowOf().some(Number.isNaN)).toBe(false);
  });

  it('has columns for the numbers that varied in training, with a flag where some were missing, and no others', () => {
    const widthOf = (name: string) => columnsOf(name, rowOf()).length;
    expect(['watchCount', 'ageYears', 'hoursSinceUpload'].map(widthOf)).toEqual([4, 5, 0]);
    expect(model.inputGroups.filter(({ from, to }) => to > from).length).toBeGreaterThan(10);
  });

  it('goes to its place in a buffer of many rows and touches nothing else', () => {
    const buffer = new Float32Array(3 * model.inputSize).fill(7);
    model.writeInput(model.encodeUser(userOf()), SEEN, KNOWN, buffer, model.inputSize);
    expect(buffer.subarray(model.inputSize, 2 * model.inputSize)).toEqual(rowOf(userOf(), SEEN));
    expect(buffer.subarray(0, model.inputSize).every((value) => value === 7)).toBe(true);
    expect(buffer.subarray(2 * model.inputSize).every((value) => value === 7)).toBe(true);
  });

  it('has one video table for the impressed, the last watched and the seed video', () => {
    const row = rowOf(userOf({ lastWatchedVideoId: 'v3', seedVideoId: 'v3' }), SEEN);
    const embedding = columnsOf('video', row);
    expect(embedding.some((value) => value !== 0)).toBe(true);
    expect(columnsOf('lastWatchedVideo', row)).toEqual(embedding);
    expect(columnsOf('seedVideo', row)).toEqual(embedding);
  });

  it('has zeros for ids out of vocabulary, and for none', () => {
    const row = rowOf(userOf({ surface: 'moon' }), videoOf({ videoId: 'unknown', channelId: '', topics: ['unknown'] }));
    for (const group of ['video', 'channel', 'topics', 'surface', 'lastWatchedVideo']) {
      expect(columnsOf(group, row).every((value) => value === 0)).toBe(true);
    }
  });

  it('tells the source that gave a candidate, and its score there', () => {
    const columnsFor = (source: string, sourceScore: number) => {
      const row = rowOf(userOf(), videoOf({ source, values: { sourceScore } }));
      return { source: columnsOf('source', row), score: columnsOf('sourceScore', row)[0] };
    };
    const [fresh, retrieved, better, unknown] = [
      columnsFor('fresh', 1),
      columnsFor('retrieval', 1),
      columnsFor('retrieval', 5),
      columnsFor('moon', 1),
    ];
    expect(fresh.source.some((value) => value !== 0)).toBe(true);
    expect(retrieved.source).not.toEqual(fresh.source);
    expect(unknown.source.every((value) => value === 0)).toBe(true);
    expect(better.source).toEqual(retrieved.source);
    expect(better.score).toBeGreaterThan(retrieved.score);
  });

  it('averages the topics that are known', () => {
    const topicsOf = (topics: string[]) => columnsOf('topics', rowOf(userOf(), videoOf({ topics })));
    const [one, two] = [topicsOf(['t1']), topicsOf(['t2'])];
    topicsOf(['t1', 'unknown', 't2']).forEach((value, i) => expect(value).toBeCloseTo((one[i] + two[i]) / 2, 6));
  });

  it('holds x, x² and √x of a number, its logarithm, and a flag where numbers were missing', () => {
    const columnsFor = (durationSeconds: number) =>
      columnsOf('durationSeconds', rowOf(userOf(), videoOf({ values: { durationSeconds } })));
    const [x, square, root, log] = columnsFor(40);
    expect(log).toBeLessThan(columnsFor(60)[3]);
    expect(x).toBeGreaterThan(0.2);
    expect(x).toBeLessThan(0.4);
    expect(square).toBeCloseTo(x * x, 6);
    expect(root).toBeCloseTo(Math.sqrt(x), 6);
    expect(columnsOf('ageYears', rowOf(userOf({ values: { ageYears: NaN } })))).toEqual([0, 0, 0, 0, 1]);
    expect(columnsOf('ageYears', rowOf(userOf({ values: { ageYears: 30 } })))[4]).toBe(0);
    expect(
      columnsOf('statistics.videoClickRate', rowOf(userOf(), videoOf(), statisticsFrom(NO_STATISTICS))),
    ).toHaveLength(4);
  });
});

describe('a ranking model', () => {
  it('serves exp(logit) in seconds, never more than the longest watch that counts', () => {
    const logits = [Math.log(42), 0, 500, Math.log(3)];
    const score = model.scoreOf(logits, 0);
    expect(score).toEqual({ logit: logits[0], expectedWatchSeconds: expect.closeTo(42, 10), clickProbability: 0.5 });
    expect(model.scoreOf(logits, 1).expectedWatchSeconds).toBe(model.config.watchCapSeconds);
    expect(model.scoreOf(logits, 1).clickProbability).toBeCloseTo(0.75, 10);
  });

  it('comes back from its parts bit for bit, through JSON', () => {
    const { metadata, tensors } = model.toParts();
    const again = RankingModel.fromParts({ metadata: JSON.parse(JSON.stringify(metadata)), tensors });
    const row = (which: RankingModel) => {
      const out = new Float32Array(which.inputSize);
      which.writeInput(
        which.encodeUser(userOf({ lastWatchedVideoId: 'v1', values: { watchCount: 7.3 } })),
        SEEN,
        KNOWN,
        out,
        0,
      );
      return out;
    };
    expect(row(again)).toEqual(row(model));
    expect(again.tower).toEqual(model.tower);
    expect(again.config).toEqual(model.config);
    expect(again.inputGroups).toEqual(model.inputGroups);
    expect(again.toParts()).toEqual(model.toParts());
  });

  it('refuses parts that lack something, do not fit, or are of other features', () => {
    const { metadata, tensors } = model.toParts();
    const without = new Map(tensors);
    without.delete('table.videos');
    expect(() => RankingModel.fromParts({ metadata, tensors: without })).toThrow('lacks the tensor "table.videos"');
    const small = new Map(tensors).set('table.videos', { shape: [2, 2], data: new Float32Array(4) });
    expect(() => RankingModel.fromParts({ metadata, tensors: small })).toThrow('table "videos" has 2 rows');
    const bent = new Map(tensors).set('tower.0.bias', { shape: [2], data: new Float32Array(3) });
    expect(() => RankingModel.fromParts({ metadata, tensors: bent })).toThrow(
      '"tower.0.bias" is not Float32Array of 1 axes',
    );
    const numberNames = metadata.numberNames.map((name) => (name === 'ageYears' ? 'shoeSize' : name));
    expect(() => RankingModel.fromParts({ metadata: { ...metadata, numberNames }, tensors })).toThrow(
      'other features than this program has: ageYears, shoeSize',
    );
  });

  it('names the raw features in the order of the columns', () => {
    const features = model.rawFeatures(userOf({ surface: 'home' }), SEEN, KNOWN);
    expect(features.map((feature) => feature.name)).toEqual(model.inputGroups.map((group) => group.name));
    const of = (name: string) => features.find((feature) => feature.name === name);
    expect(of('topics')).toEqual({ name: 'topics', text: 't1, t2' });
    expect(of('durationSeconds')).toEqual({ name: 'durationSeconds', number: 120 });
    expect(of('statistics.videoImpressionCount')).toEqual({ name: 'statistics.videoImpressionCount', number: 40 });
    expect(of('ageYears')!.number).toBeNaN();
  });
});

describe('featuresChecksum', () => {
  it('is the first 53 bits of SHA-256 over little-endian float32', () => {
    const hex = createHash('sha256').update(Buffer.from('0000803f000000c0', 'hex')).digest('hex');
    expect(featuresChecksum(Float32Array.of(1, -2))).toBe(Number(BigInt(`0x${hex.slice(0, 16)}`) / 2048n));
    expect(Number.isSafeInteger(featuresChecksum(new Float32Array(0)))).toBe(true);
  });

  it('sees a change of one bit, and only the part of a buffer it is given', () => {
    const buffer = Float32Array.of(9, 1, 2, 9);
    expect(featuresChecksum(buffer.subarray(1, 3))).toBe(featuresChecksum(Float32Array.of(1, 2)));
    expect(featuresChecksum(Float32Array.of(1, 2))).not.toBe(featuresChecksum(Float32Array.of(1, 2 + 2 ** -22)));
    expect(featuresChecksum(Float32Array.of(0))).not.toBe(featuresChecksum(Float32Array.of(-0)));
  });
});
