import { createRandom, createTable, initialiseStack, runStack, Vocabulary } from '@watchnext/learning';
import { featuresOf } from '../test/builders';
import type { AgeWindow } from './age-window';
import { defaultCandidateConfig, type CandidateModelConfig, towerSizes } from './config';
import { initialPositions, initialQueries } from './history-heads';
import { inputLayout } from './input';
import { CandidateModel, videoVectorsOf } from './model';

const CONFIG: CandidateModelConfig = {
  ...defaultCandidateConfig({ videoCount: 3, exampleCount: 10 }),
  dimensions: 4,
  hiddenSizes: [6, 5],
  exampleAgeKnots: 3,
};

function modelOf(config = CONFIG, ages: AgeWindow = { days: 10 }): CandidateModel {
  const random = createRandom(1);
  const vocabularies = {
    videos: Vocabulary.fromIds(['a', 'b', 'c']),
    searchTokens: Vocabulary.fromIds(['cat']),
    countries: Vocabulary.fromIds([]),
    devices: Vocabulary.fromIds(['tv']),
  };
  const table = (vocabulary: Vocabulary, dimensions: number) => createTable(vocabulary.rowCount, dimensions, random, 1);
  const watched = table(vocabularies.videos, config.dimensions);
  const tables = {
    watched,
    searchTokens: table(vocabularies.searchTokens, config.searchTokenDimensions),
    countries: table(vocabularies.countries, config.countryDimensions),
    devices: table(vocabularies.devices, config.deviceDimensions),
    positions: initialPositions(config),
    queries: initialQueries(config),
    output: config.tiedTables ? watched : table(vocabularies.videos, config.dimensions),
  };
  const { inputSize } = inputLayout(tables, config);
  const tower = initialiseStack(towerSizes(inputSize, config), random);
  return new CandidateModel(config, ages, vocabularies, tables, videoVectorsOf(tables.output, config), tower);
}

const FEATURES = featuresOf({
  watchedVideoIds: ['b', 'new', 'c'],
  watchedAtMs: [0, 50_000, 10_000_000],
  searchTokens: ['cat'],
  device: 'tv',
  ageYears: 40,
  gender: 1,
});

describe('CandidateModel', () => {
  it('gives the user vector of the row that it writes, anywhere in an array', () => {
    const model = modelOf();
    const rows = new Float32Array(2 * model.inputSize + 3).fill(9);
    model.writeInput(FEATURES, 5, rows, 3 + model.inputSize);
    expect([...rows.subarray(0, 3 + model.inputSize)].every((x) => x === 9)).toBe(true);
    expect(model.userVector(FEATURES, 5)).toEqual(runStack(model.tower, rows.slice(3 + model.inputSize), 1));
    expect(() => model.writeInput(FEATURES, 5, rows, 4 + model.inputSize)).toThrow(RangeError);
  });

  it('takes example age as a share of the training window', () => {
    const model = modelOf();
    const row = new Float32Array(model.inputSize);
    model.writeInput(FEATURES, 5, row, 0);
    expect([...row.subarray(-3)]).toEqual([0, 1, 0]);
    expect(model.userVector(FEATURES, 0)).not.toEqual(model.userVector(FEATURES, 5));
  });

  it('is asked at no lower age than it has learned, also once it comes back from its parts', () => {
    const model = modelOf(CONFIG, { days: 10, leastDays: 5 });
    const back = CandidateModel.fromParts(model.toParts());
    for (const one of [model, back]) {
      expect(one.userVector(FEATURES, 0)).toEqual(modelOf().userVector(FEATURES, 5));
      expect(one.userVector(FEATURES, 8)).toEqual(modelOf().userVector(FEATURES, 8));
    }
    const { metadata, tensors } = model.toParts();
    expect(modelOf().toParts().metadata).not.toHaveProperty('leastAgeDays');
    expect(() => CandidateModel.fromParts({ metadata: { ...metadata, leastAgeDays: 11 }, tensors })).toThrow(
      'leastAgeDays',
    );
  });

  it('has a vector for each video, in the order of the ids', () => {
    const model = modelOf();
    expect(model.videoVectors.length).toBe(3 * 4);
    expect(model.toParts().tensors.get('video_vectors')).toEqual({ shape: [3, 4], data: model.videoVectors });
  });

  it.each([
    CONFIG,
    { ...CONFIG, historyEncoder: 'mean' as const, hiddenSizes: [] },
    { ...CONFIG, historyEncoder: 'position-heads' as const },
    { ...CONFIG, historyEncoder: 'query-heads' as const, tiedTables: true },
    { ...CONFIG, historyEncoder: 'time-heads' as const },
    { ...CONFIG, temperature: 0.1, tiedTables: true },
    { ...CONFIG, temperature: 0.1, tiedTables: false },
    { ...CONFIG, interests: 3 },
  ])('comes back from its parts to the bit', (config) => {
    const model = modelOf(config);
    const { metadata, tensors } = model.toParts();
    const copies = new Map([...tensors].map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]));
    const back = CandidateModel.fromParts({ metadata: JSON.parse(JSON.stringify(metadata)), tensors: copies });
    expect(back.toParts()).toEqual(model.toParts());
    expect(back.config).toEqual(model.config);
    expect(back.videoIds).toEqual(model.videoIds);
    expect(back.userVector(FEATURES, 3)).toEqual(model.userVector(FEATURES, 3));
  });

  it.each([true, false])('has vectors of length 1 on both sides with a temperature, tied tables: %p', (tiedTables) => {
    const [plain, scaled] = [undefined, 0.2].map((temperature) =>
      modelOf({ ...CONFIG, tiedTables, ...(temperature ? { temperature } : {}) }),
    );
    const lengths = (vectors: Float32Array) => [0, 1, 2].map((i) => Math.hypot(...vectors.subarray(4 * i, 4 * i + 4)));
    for (const length of lengths(scaled.videoVectors)) expect(length).toBeCloseTo(1, 6);
    const [long, user] = [plain, scaled].map((model) => model.userVector(FEATURES, 0));
    expect(Math.hypot(...user)).toBeCloseTo(1, 6);
    const cosine = long.reduce((sum, u, d) => sum + u * plain.videoVectors[d], 0);
    const score = user.reduce((sum, u, d) => sum + u * scaled.videoVectors[d], 0);
    expect(score).toBeCloseTo(cosine / Math.hypot(...long) / lengths(plain.videoVectors)[0], 5);
    expect([plain.logitScale, scaled.logitScale]).toEqual([1, 5]);
    // What the history reads stays as it was.
    expect(scaled.toParts().tensors.get('watched_videos')).toEqual(plain.toParts().tensors.get('watched_videos'));
  });

  it('has a user vector for each interest, one after the other, each of length 1 with a temperature', () => {
    const model = modelOf({ ...CONFIG, interests: 3, temperature: 0.2 });
    const users = model.userVector(FEATURES, 0);
    expect(users.length).toBe(3 * 4);
    for (const k of [0, 1, 2]) expect(Math.hypot(...users.subarray(4 * k, 4 * k + 4))).toBeCloseTo(1, 6);
    const { metadata, tensors } = model.toParts();
    const config = { ...metadata.config, interests: 2 };
    expect(() => CandidateModel.fromParts({ metadata: { ...metadata, config }, tensors })).toThrow(
      '"tower.2.weights" is not float32 of shape [5, 8]',
    );
  });

  it('is read where it comes from before there were options', () => {
    const { metadata, tensors } = modelOf().toParts();
    expect(Object.keys(metadata.config)).not.toEqual(expect.arrayContaining(['temperature']));
    const model = CandidateModel.fromParts({ metadata, tensors });
    expect(model.logitScale).toBe(1);
    expect(model.userVector(FEATURES, 0).length).toBe(CONFIG.dimensions);
  });

  it('asks for the times of watches where its heads go by them', () => {
    const model = modelOf({ ...CONFIG, historyEncoder: 'time-heads' });
    const at = (watchedAtMs: number[]) => model.userVector({ ...FEATURES, watchedAtMs }, 0);
    expect(at([0, 50_000, 10_000_000])).not.toEqual(at([9_990_000, 50_000, 10_000_000]));
    expect(() => at([])).toThrow('needs the times of watches');
  });

  it('names the part that is missing or does not fit', () => {
    const { metadata, tensors } = modelOf().toParts();
    const without = (name: string) => new Map([...tensors].filter(([other]) => other !== name));
    const reshaped = new Map(tensors).set('tower.1.bias', { shape: [4], data: new Float32Array(4) });
    expect(() => CandidateModel.fromParts({ metadata, tensors: without('watched_videos') })).toThrow(
      '"watched_videos" is missing',
    );
    expect(() => CandidateModel.fromParts({ metadata, tensors: reshaped })).toThrow(
      '"tower.1.bias" is not float32 of shape [5]',
    );
    expect(() => CandidateModel.fromParts({ metadata: { ...metadata, videoIds: ['a', 'b'] }, tensors })).toThrow(
      '"watched_videos"',
    );
    expect(() => CandidateModel.fromParts({ metadata: { ...metadata, towerActivations: ['relu'] }, tensors })).toThrow(
      '1 layers',
    );
    const config = { ...metadata.config, dimensions: 0 };
    expect(() => CandidateModel.fromParts({ metadata: { ...metadata, config }, tensors })).toThrow('dimensions');
  });
});
