import { createRandom, createTable, initialiseStack } from '@watchnext/learning';
import { exampleOf } from '../test/builders';
import { base, CONFIG, EXAMPLES, scripted, WINDOW_END_MS } from '../test/scripted-training';
import type { CandidateModelConfig } from './config';
import type { CandidateEngineSetup } from './engine';
import { trainCandidateModel } from './training';

describe('what a training begins with', () => {
  const setupOf = async (
    change: Partial<CandidateModelConfig>,
    options: Partial<Parameters<typeof trainCandidateModel>[0]> = {},
  ) => {
    let seen: CandidateEngineSetup | undefined;
    const { createEngine } = scripted((step, setup) => {
      seen = setup;
      return step;
    });
    const model = await trainCandidateModel({
      ...base,
      config: { ...CONFIG, epochCount: 1, ...change },
      createEngine,
      ...options,
    });
    return { model, ...seen! };
  };
  const cosine = (table: CandidateEngineSetup['tables']['output'], a: number, b: number) => {
    const row = (i: number) => table.values.subarray(i * table.dimensions, (i + 1) * table.dimensions);
    const product = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, d) => sum + value * y[d], 0);
    return product(row(a), row(b)) / Math.sqrt(product(row(a), row(a)) * product(row(b), row(b)));
  };
  /** Users watch runs of fifteen videos, so neighbours are watched together, and the first and the last of all by nobody. */
  const neighboursAlike = ({ model, tables }: Awaited<ReturnType<typeof setupOf>>) => {
    const rowOf = (video: number) => model.videoRow(`v${video}`)! + 1;
    const pairs = Array.from({ length: 20 }, (_, i) => i + 2);
    const mean = (apart: number) =>
      pairs.reduce((sum, i) => sum + cosine(tables.output, rowOf(i), rowOf((i + apart) % 26)), 0) / pairs.length;
    return mean(1) - mean(13);
  };

  it('is what the watches say: videos watched together lie side by side, and the tower gives the mean of a history', async () => {
    const start = await setupOf({ dimensions: 8, hiddenSizes: [16] });
    expect(neighboursAlike(start)).toBeGreaterThan(0.5);
    const { values } = start.tables.watched;
    expect(Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)).toBeCloseTo(0.1, 1);
    const features = { ...EXAMPLES[5].features, watchedVideoIds: ['v3'] };
    const rowOfV3 = start.model.videoRow('v3')! + 1;
    const user = start.model.userVector(features, 0);
    user.forEach((value, d) => expect(value).toBeCloseTo(values[rowOfV3 * 8 + d], 5));
  });

  it('is told of while it is made, and where it is random there is nothing to tell', async () => {
    const told = async (initialWeights: CandidateModelConfig['initialWeights']) => {
      const work: string[] = [];
      await setupOf({ initialWeights }, { onOtherWork: (text) => work.push(text) });
      return work;
    };
    expect((await told('co-watches')).at(-1)).toBe('vectors of who watched what, 100%');
    expect(await told('random')).toEqual([]);
  });

  it('is random where the settings say so, and where they say nothing, as those of earlier models do', async () => {
    const { initialWeights: _, ...before } = CONFIG;
    const [random, absent] = [
      await setupOf({ initialWeights: 'random', dimensions: 8 }),
      await setupOf({ dimensions: 8 }, { config: { ...before, epochCount: 1, dimensions: 8 } }),
    ];
    expect(Math.abs(neighboursAlike(random))).toBeLessThan(0.4);
    expect(absent.tables.output.values).toEqual(random.tables.output.values);
    expect(absent.tower).toEqual(random.tower);
    const tables = createRandom(1).fork('tables');
    expect(random.tables.watched.values).toEqual(createTable(27, 8, tables.fork('watched'), 0.05).values);
    expect(random.tower).toEqual(initialiseStack([random.layout.inputSize, 8], createRandom(1).fork('tower')));
  });

  it('is what the watches say beside an earlier model of other dimensions, of which no vector fits', async () => {
    const earlier = (await setupOf({})).model;
    const start = await setupOf({ dimensions: 8 }, { warmStart: earlier });
    expect(neighboursAlike(start)).toBeGreaterThan(0.5);
  });

  it('is the same for both tables where there are two, and they stay two', async () => {
    const { tables } = await setupOf({ tiedTables: false });
    expect(tables.output.values).toEqual(tables.watched.values);
    expect(tables.output.values.buffer).not.toBe(tables.watched.values.buffer);
  });

  it('is an earlier model where there is one: new videos begin at random then, for its dimensions are others', async () => {
    const earlier = (await setupOf({})).model;
    const examples = [...EXAMPLES, exampleOf('u0', 'new', WINDOW_END_MS, { watchedVideoIds: ['v0', 'v1'] })];
    const { model, tables } = await setupOf({}, { examples, warmStart: earlier });
    const row = (at: number) => [...tables.watched.values.subarray(at * 4, (at + 1) * 4)];
    expect(row(model.videoRow('v3')! + 1)).toEqual([
      ...earlier.videoVectors.subarray(earlier.videoRow('v3')! * 4, (earlier.videoRow('v3')! + 1) * 4),
    ]);
    const random = await setupOf({ initialWeights: 'random' }, { examples, warmStart: earlier });
    expect(tables.watched.values).toEqual(random.tables.watched.values);
  });
});
