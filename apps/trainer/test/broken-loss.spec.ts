/** An engine whose loss stops being a number, as one that diverges: the run stops there, and nothing is published. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type * as Tensor from '@watchnext/tensor';
import { temporaryDirectory } from '@watchnext/testing';
import { parseCommand } from '../src/cli';
import { TrainingRunner } from '../src/training-runner';
import { contextOf, storeOf, train } from './harness';
import { archiveEvents, syntheticEvents } from './synthetic-log';

let broken: { readonly model: 'candidate' | 'ranking'; readonly loss: number };

jest.mock('@watchnext/tensor', () => {
  const actual = jest.requireActual<typeof Tensor>('@watchnext/tensor');
  type Stepping = { step(...parameters: unknown[]): unknown };
  /** The real engine, but for the loss of its tenth step. */
  const breaking = (create: (setup: never) => unknown) => async (setup: never) => {
    const engine = (await create(setup)) as Stepping;
    const step = engine.step.bind(engine);
    let steps = 0;
    engine.step = async (...parameters) => (++steps === 10 ? broken.loss : step(...parameters));
    return engine;
  };
  return {
    ...actual,
    trainingEnginesOn(...parameters: Parameters<typeof Tensor.trainingEnginesOn>) {
      const engines = actual.trainingEnginesOn(...parameters);
      return { ...engines, [broken.model]: breaking(engines[broken.model]) };
    },
  };
});

jest.setTimeout(240_000);

describe('a training whose loss is', () => {
  let data: { readonly path: string; remove(): Promise<void> };
  beforeEach(async () => {
    data = await temporaryDirectory('trainer-broken-loss');
    await archiveEvents(data.path, syntheticEvents({ userCount: 40, videoCount: 60, dayCount: 4 }));
  });
  afterEach(() => data.remove());

  it.each([
    [
      'candidate',
      NaN,
      /the loss is NaN at epoch \d+, batch \d+ \(step 10, seed 1\), among its \d+ examples video-\d+ of user user-\d+, /,
    ],
    ['ranking', Infinity, /the loss of step 9 \(epoch \d+, impressions impression-.*\) is Infinity/],
  ] as const)(
    'of the %s model %p ends the run, names the batch and publishes nothing',
    async (model, loss, message) => {
      broken = { model, loss };
      const app = await contextOf(data.path);
      await expect(app.get(TrainingRunner).run(parseCommand(['--once', '--seed', '1']))).rejects.toThrow(message);
      await app.close();
      expect((await train(data.path)).code).toBe(1);
      expect(await storeOf(data.path).list()).toEqual([]);
      expect(await storeOf(data.path).readPointer()).toBeUndefined();
      const states = await readdir(join(data.path, 'trainer', 'checkpoints')).catch(() => []);
      expect(states.filter((state) => state.startsWith(model))).toEqual([]);
    },
  );
});
