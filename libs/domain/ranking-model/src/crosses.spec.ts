import { NO_STATISTICS, type RankingExample, statisticsFrom } from '@watchnext/features';
import { createRandom, initialiseStack, type NamedTensors, runStack } from '@watchnext/learning';
import { exampleOf, smallConfig, userOf, videoOf } from '../test/builders';
import { RANKING_CROSSES, type RankingModelConfig } from './config';
import { CrossTraining, crossRow, meanCrosses, withCrosses, withoutCrosses } from './crosses';
import { ALL_NUMBERS, layOut, tableNames } from './input-layout';
import { QuantileMap } from './quantiles';
import { RankingModel } from './ranking-model';
import { referenceRankingEngine } from './reference-engine';
import { trainRankingModel, type TrainRankingModelOptions } from './train';

describe('a row of weights', () => {
  const ids = { userId: 'u1', surface: 'home', channelId: 'c1' };

  it('is the same for the same pair, in any model, and mostly another for another', () => {
    const rows = RANKING_CROSSES.flatMap((cross) =>
      Array.from({ length: 50 }, (_, n) => crossRow(cross, { ...ids, userId: `u${n}`, channelId: `c${n}` }, 1_000_000)),
    );
    expect(new Set(rows).size).toBe(100);
    expect(Math.min(...rows)).toBeGreaterThan(0);
    expect(crossRow('user-surface', ids, 2 ** 18)).toBe(162_792);
    expect(crossRow('user-surface', ids, 7)).toBeLessThanOrEqual(7);
  });

  it('is none where an id is not known', () => {
    expect(crossRow('user-surface', { ...ids, userId: '' }, 10)).toBe(0);
    expect(crossRow('surface-channel', { ...ids, channelId: '' }, 10)).toBe(0);
    expect(crossRow('surface-channel', { ...ids, surface: '' }, 10)).toBe(0);
  });
});

describe('weights while they are trained', () => {
  it('are summed by example and head, and learned from the gradient of their sum', () => {
    const training = new CrossTraining(3, 2, { tableLearningRate: 0.1, tableDecay: 0 }, createRandom(1));
    training.table.values.set([0, 0, 1, 10, 2, 20, 3, 30]);
    const rows = Int32Array.of(1, 2, 0, 3);
    const sums = new Float32Array(4);
    training.fill(rows, sums);
    expect([...sums]).toEqual([3, 30, 3, 30]);
    training.update(rows, Float32Array.of(1, 0, 0, -1), 1);
    const change = [...training.table.values].map((value, i) => Math.sign(value - [0, 0, 1, 10, 2, 20, 3, 30][i]));
    expect(change).toEqual([0, 0, -1, 0, -1, 0, 0, 1]);
  });

  it('are averaged over members', () => {
    const tables = [2, 4].map((value) => {
      const { table } = new CrossTraining(1, 1, { tableLearningRate: 0.1, tableDecay: 0 }, createRandom(1));
      table.values[1] = value;
      return table;
    });
    expect([...meanCrosses(tables).values]).toEqual([0, 3]);
  });
});

describe('a tower that hands sums through', () => {
  const quantiles = ALL_NUMBERS.map(() => new QuantileMap(Float64Array.of(0, 1), Float64Array.of(0, 1), false));
  const dimensions = tableNames({}).map(() => 2);
  const without = layOut(dimensions, quantiles, { powers: true });
  const to = layOut(dimensions, quantiles, { powers: true, crosses: RANKING_CROSSES, heads: 2 });

  it.each([[[]], [[5]], [[6, 3]]])(
    'adds them to the logits of the tower as it was, hidden layers %p',
    (hiddenSizes) => {
      const random = createRandom(2);
      const tower = initialiseStack([without.inputSize, ...hiddenSizes, 2], random);
      for (const { bias } of tower) bias.forEach((_, i) => (bias[i] = random.gaussian()));
      const whole = withCrosses(tower, without, to);
      for (let n = 0; n < 10; n++) {
        const row = new Float32Array(to.inputSize);
        const bare = new Float32Array(without.inputSize);
        without.groups.forEach(({ name, from, to: end }) => {
          const at = to.groups.find((group) => group.name === name)!.from;
          for (let column = from; column < end; column++) row[at + column - from] = bare[column] = random.gaussian();
        });
        const sums = [0, 0];
        for (const { from } of to.crosses) {
          for (let head = 0; head < 2; head++) sums[head] += row[from + head] = 3 * random.gaussian();
        }
        const [plain, summed] = [runStack(tower, bare, 1), runStack(whole, row, 1)];
        summed.forEach((logit, head) => expect(logit).toBeCloseTo(plain[head] + sums[head], 4));
      }
      expect(withoutCrosses(whole, without, to)).toEqual(tower);
    },
  );
});

/** Whether something is watched hangs on the viewer and the surface together: each has its own habits. */
const EXAMPLES: RankingExample[] = (() => {
  const random = createRandom(5);
  return Array.from({ length: 3_000 }, (_, n) => {
    const [viewer, surface] = [random.nextInt(40), ['home', 'up-next'][random.nextInt(2)]];
    const likes = (viewer % 2 === 0) === (surface === 'home');
    const clicked = random.next() < (likes ? 0.8 : 0.1);
    return exampleOf({
      impressionId: `i${n}`,
      servedAtMs: n,
      user: userOf({ userId: `u${viewer}`, surface }),
      video: videoOf({ videoId: `v${n % 7}`, channelId: `c${n % 3}` }),
      clicked,
      watchSeconds: clicked ? 30 : 0,
    });
  });
})();
const copyOf = (tensors: NamedTensors): NamedTensors =>
  new Map([...tensors].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]));
const none = statisticsFrom(NO_STATISTICS);

const train = (change: Partial<RankingModelConfig>, more: Partial<TrainRankingModelOptions> = {}) =>
  trainRankingModel({
    examples: EXAMPLES,
    statisticsAt: () => none,
    config: smallConfig({ epochs: 4, crossBuckets: 1_000, ...change }),
    createEngine: referenceRankingEngine,
    seed: 1,
    ...more,
  });

function secondsOf(model: RankingModel, userId: string, surface: string, channelId = 'c1'): number {
  const row = new Float32Array(model.inputSize);
  const user = model.encodeUser(userOf({ userId, surface }));
  model.writeInput(user, videoOf({ videoId: 'v1', channelId }), none, row, 0);
  return model.scoreOf(runStack(model.tower, row, 1), 0).expectedWatchSeconds;
}

describe('crosses as a part of the model', () => {
  it('learn what a viewer does on a surface, which no other input tells', async () => {
    const [wide, plain] = [await train({ crosses: ['user-surface'], epochs: 12 }), await train({})];
    const lift = (model: RankingModel, user: string) =>
      secondsOf(model, user, 'home') / secondsOf(model, user, 'up-next');
    expect(lift(wide, 'u2')).toBeGreaterThan(3);
    expect(lift(wide, 'u3')).toBeLessThan(1 / 3);
    expect(lift(plain, 'u2')).toBe(lift(plain, 'u3'));
    // A viewer whom nobody knows is as without them.
    expect(secondsOf(wide, 'stranger', 'home')).toBeCloseTo(secondsOf(wide, '', 'home'), 6);
  });

  it('come back out of the parts of a model, bit for bit, and are told of in explanations', async () => {
    const model = await train({ crosses: RANKING_CROSSES, members: 2, epochs: 1 });
    const parts = model.toParts();
    expect(parts.tensors.get('table.crosses')!.shape).toEqual([1_001, 2]);
    const restored = RankingModel.fromParts({
      ...parts,
      metadata: JSON.parse(JSON.stringify(parts.metadata)) as never,
    });
    for (const user of ['u2', 'u3']) expect(secondsOf(restored, user, 'home')).toBe(secondsOf(model, user, 'home'));
    const names = model.inputGroups.map(({ name }) => name);
    const place = (name: string) => model.inputGroups[names.indexOf(name)];
    expect(place('user-surface').to).toBeLessThanOrEqual(model.userSize);
    expect(place('surface-channel').from).toBeGreaterThanOrEqual(model.userSize);
    const raw = model.rawFeatures(userOf(), videoOf(), none);
    expect(raw.map(({ name }) => name)).toEqual(names);
    expect(raw.find(({ name }) => name === 'surface-channel')).toEqual({ name: 'surface-channel', text: 'c on home' });
    const tensors: NamedTensors = new Map([...parts.tensors].filter(([name]) => name !== 'table.crosses'));
    expect(() => RankingModel.fromParts({ ...parts, tensors })).toThrow('the model lacks the tensor "table.crosses"');
  });

  it('go on from a stopped training to the same bytes', async () => {
    const saved = new Map<string, NamedTensors>();
    const checkpoints = {
      engine: 'an engine',
      load: (key: string) => Promise.resolve(saved.get(key)),
      save: (key: string, state: NamedTensors) => Promise.resolve(void saved.set(key, copyOf(state))),
      discard: (_: string, reason: Error) => Promise.reject(reason),
    };
    const change = { crosses: RANKING_CROSSES, members: 2, epochs: 1 } as const;
    const stop = new AbortController();
    const onProgress = ({ step }: { step: number }) => step >= 60 && stop.abort(new Error('enough'));
    await expect(train(change, { checkpoints, signal: stop.signal, onProgress })).rejects.toThrow('enough');
    expect(saved.size).toBe(1);
    expect((await train(change, { checkpoints })).toParts()).toEqual((await train(change)).toParts());
  });

  it('are where an earlier model had them, for one that begins with it', async () => {
    // Nothing draws weights towards zero while an engine stands still.
    const change = { crosses: RANKING_CROSSES, members: 2, tableDecay: 0 } as const;
    const earlier = await train(change);
    const standingStill: TrainRankingModelOptions['createEngine'] = (network) => {
      const engine = referenceRankingEngine(network);
      return { ...engine, step: () => 1 };
    };
    const starts: string[] = [];
    const model = await train(change, {
      createEngine: standingStill,
      warmStart: { model: earlier, untilMs: 0 },
      onWarmStart: ({ began, reason }) => starts.push(reason ?? began),
    });
    for (const user of ['u2', 'u3']) {
      expect(secondsOf(model, user, 'home') / secondsOf(earlier, user, 'home')).toBeCloseTo(1, 2);
    }
    await train(
      { members: 2, epochs: 1 },
      {
        warmStart: { model: earlier, untilMs: 0 },
        onWarmStart: ({ began, reason }) => starts.push(reason ?? began),
      },
    );
    expect(starts).toEqual(['warm', 'another form: crosses was user-surface,surface-channel and is none']);
  });

  it('are off by default, and refused where they make no sense', async () => {
    const model = await train({ epochs: 1, crossBuckets: undefined });
    expect(model.toParts().tensors.has('table.crosses')).toBe(false);
    for (const crosses of [[], ['user-video'], ['user-surface', 'user-surface']]) {
      await expect(train({ crosses: crosses as never })).rejects.toThrow(
        'crosses must be of user-surface and surface-channel',
      );
    }
    await expect(train({ crosses: ['user-surface'], precision: 'int8' })).rejects.toThrow(
      'crosses need the precision float32',
    );
    await expect(train({ crosses: ['user-surface'], crossBuckets: 0 })).rejects.toThrow('crossBuckets must be');
  });
});
