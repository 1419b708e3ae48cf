import { createRandom } from '@watchnext/learning';
import { exampleOf, examplesOfWatches } from '../test/builders';
import { defaultCandidateConfig } from './config';
import { ExampleSet } from './example-set';
import { encodeInput } from './input';
import { countVocabularies } from './vocabularies';

const EXAMPLES = [
  ...examplesOfWatches('heavy', ['a', 'b', 'c', 'd', 'e', 'a', 'b', 'c'], 10),
  ...examplesOfWatches('light', ['e', 'a'], 20),
  exampleOf('searcher', 'd', 30, {
    searchTokens: ['x', 'y'],
    country: 'AT',
    device: 'tv',
    ageYears: 30,
    gender: 2,
    loggedIn: true,
  }),
];
const CONFIG = defaultCandidateConfig({ videoCount: 5, exampleCount: 11 });
const { vocabularies } = countVocabularies(EXAMPLES, CONFIG);
const share = (example: { labelAtMs: number }) => (100 - example.labelAtMs) / 100;
const SET = ExampleSet.encode(EXAMPLES, vocabularies, share, CONFIG);

describe('ExampleSet', () => {
  it('holds what encoding one example at a time gives', () => {
    EXAMPLES.forEach((example, row) => {
      const { inputs, labels } = SET.select(Int32Array.of(row));
      expect(inputs).toEqual(encodeInput(example.features, share(example), vocabularies, CONFIG));
      expect(vocabularies.videos.idAt(labels[0])).toBe(example.labelVideoId);
    });
  });

  it('asks each example for its features once: who keeps examples in columns makes them anew each time', () => {
    let asked = 0;
    const examples = EXAMPLES.map(({ features, ...example }) => ({
      ...example,
      get features() {
        asked++;
        return features;
      },
    }));
    ExampleSet.encode(examples, vocabularies, share, CONFIG);
    expect(asked).toBe(EXAMPLES.length);
  });

  it('expects of an epoch what its epochs have on average', () => {
    const counts = SET.epochLabelCounts(4, 5);
    const random = createRandom(3);
    const drawn = new Float64Array(5);
    const epochs = 4_000;
    for (let i = 0; i < epochs; i++) {
      for (const label of SET.labelsOf(SET.drawEpoch(4, random))) drawn[label - 1] += 1 / epochs;
    }
    drawn.forEach((count, video) => expect(Math.abs(count - counts[video])).toBeLessThan(0.05));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeCloseTo(SET.epochSize(4), 9);
  });

  it('keeps the place of each watch that has a time, also without those out of vocabulary', () => {
    const config = { ...CONFIG, historyEncoder: 'time-heads' as const };
    const timed = ['a', 'new', 'c'].map((label, i) =>
      exampleOf('u', i === 1 ? 'e' : label, i, {
        watchedVideoIds: ['b', 'new', 'd'].slice(0, i + 1),
        watchedAtMs: [0, 60_000, 600_000].slice(0, i + 1),
      }),
    );
    const set = ExampleSet.encode(timed, vocabularies, share, config);
    const { inputs } = set.select(Int32Array.of(2, 0));
    expect([...inputs.historyStarts]).toEqual([0, 2, 3]);
    expect([...(inputs.historyPlaces ?? [])]).toEqual([5, 1, 1]);
    expect(set.arrays()).toContain(set.inputs.historyPlaces);
    timed.forEach((example, row) =>
      expect(set.select(Int32Array.of(row)).inputs).toEqual(
        encodeInput(example.features, share(example), vocabularies, config),
      ),
    );
    expect(() => ExampleSet.encode(EXAMPLES, vocabularies, share, config)).toThrow('needs the times of watches');
  });

  it('selects rows in the order asked for, repeats too', () => {
    const { inputs, labels } = SET.select(Int32Array.of(10, 2, 10));
    expect([...labels].map((row) => vocabularies.videos.idAt(row))).toEqual(['d', 'c', 'd']);
    expect([...inputs.historyStarts]).toEqual([0, 0, 2, 2]);
    expect([...inputs.history].map((row) => vocabularies.videos.idAt(row))).toEqual(['a', 'b']);
    expect([...inputs.searchTokenStarts]).toEqual([0, 2, 2, 4]);
  });

  it('draws at most so many examples of each user and epoch, none twice, and in time all of them', () => {
    const random = createRandom(1);
    const seen = new Set<number>();
    for (let epoch = 0; epoch < 40; epoch++) {
      const rows = [...SET.drawEpoch(3, random)];
      expect(rows.filter((row) => row < 8).length).toBe(3);
      expect(rows.filter((row) => row >= 8).sort()).toEqual([10, 8, 9]);
      expect(new Set(rows).size).toBe(SET.epochSize(3));
      rows.forEach((row) => seen.add(row));
    }
    expect(seen.size).toBe(EXAMPLES.length);
  });

  it('mixes users and changes the order from epoch to epoch', () => {
    const random = createRandom(1);
    expect([...SET.drawEpoch(50, random)]).not.toEqual([...SET.drawEpoch(50, random)]);
    expect([...SET.drawEpoch(50, createRandom(4))]).toEqual([...SET.drawEpoch(50, createRandom(4))]);
  });

  it('leaves out examples whose label has no row, and counts them', () => {
    const few = countVocabularies(EXAMPLES, { ...CONFIG, maxVideos: 1 }).vocabularies;
    const set = ExampleSet.encode(EXAMPLES, few, share, CONFIG);
    expect(set.size).toBe(3);
    expect(set.droppedCount).toBe(EXAMPLES.length - 3);
    expect(new Set(set.labels)).toEqual(new Set([1]));
  });
});
