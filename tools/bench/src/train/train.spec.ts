/** What is made of the measured steps: medians by row, and ours by the best of the peer's. The steps themselves are told here. */
import type * as MeasureStep from './measure-step';
import * as peer from './peer';
import { benchTrain, type TrainOptions } from './train';

jest.mock('./measure-step', () => ({
  ...jest.requireActual<typeof MeasureStep>('./measure-step'),
  measureStep: jest.fn(),
}));
jest.mock('./peer');

const { measureStep } = jest.requireMock<{ measureStep: jest.Mock }>('./measure-step');
const { hasTorch, peerProducts, runPeer } = jest.mocked(peer);

const OPTIONS: TrainOptions = {
  model: 'ranking',
  videos: [200, 800],
  rounds: 3,
  steps: 2,
  threads: 2,
  kernels: ['wasm'],
  onProcessors: false,
  python: 'python3',
  engines: false,
};

const RANKING_BATCH = 512;

/** Each call's milliseconds a step, in turn. */
function oursTakes(...milliseconds: number[]): void {
  for (const stepMs of milliseconds)
    measureStep.mockResolvedValueOnce({ stepMs, cpuMs: 2 * stepMs, parts: { forward: 1, backward: 2 } });
}

async function measured(change: Partial<TrainOptions> = {}) {
  const { result, text } = await benchTrain({ ...OPTIONS, ...change });
  const [figures] = (result as unknown as { figures: { models: readonly ModelFigures[] } }).figures.models;
  const ours = Object.keys(figures.sizes[0].examplesPerSecond).find((name) => /^ours, .*2 threads$/.test(name))!;
  return { figures, text, ours };
}

interface ModelFigures {
  readonly growth?: number;
  readonly withoutPeer?: string;
  readonly sizes: readonly {
    readonly examplesPerSecond: Record<string, number>;
    readonly ratio?: number;
    readonly stepMs: number;
  }[];
}

describe('the bench of training steps', () => {
  beforeEach(() => {
    jest.resetAllMocks();
    jest.spyOn(console, 'error').mockImplementation(() => undefined);
    peerProducts.mockResolvedValue(50);
  });

  it('gives the medians of its rounds, and by how much a step grows with the catalogue', async () => {
    hasTorch.mockResolvedValue(false);
    oursTakes(4, 100, 2, 8, 8, 8);
    const { figures, text, ours } = await measured();
    expect(figures.sizes.map(({ stepMs }) => stepMs)).toEqual([4, 8]);
    expect(figures.sizes[0].examplesPerSecond).toEqual({ [ours]: (1_000 * RANKING_BATCH) / 4 });
    expect(figures.growth).toBe(2);
    expect(text).toContain('A step at 800 videos takes 2.00 times one at 200.');
  });

  it('without torch measures ours alone, has no ratio, and says why', async () => {
    hasTorch.mockResolvedValue(false);
    oursTakes(4, 4, 4);
    const { figures, text } = await measured({ videos: [200], python: 'python-without' });
    expect(hasTorch).toHaveBeenCalledWith('python-without');
    expect(runPeer).not.toHaveBeenCalled();
    expect(figures.sizes[0].ratio).toBeUndefined();
    expect(text).toMatch(/No peer was run: python-without has no torch/);
    expect(text).not.toMatch(/best of PyTorch/);
  });

  it("takes the peer's runs together by optimizer and threads, and ours by the fastest of them", async () => {
    hasTorch.mockResolvedValue(true);
    oursTakes(4, 4, 4);
    const seen = new Map<string, number>();
    runPeer.mockImplementation(async (_python, _script, { optimizer, threads }) => {
      const round = (seen.get(`${optimizer} ${threads}`) ?? 0) + 1;
      seen.set(`${optimizer} ${threads}`, round);
      // The median of the rounds is the second's, the fastest row Adagrad's on one thread.
      const base = optimizer === 'adagrad' && threads === 1 ? 8 : 16;
      return { optimizer, threads, stepMs: base * [100, 1, 0.01][round - 1] };
    });
    const { figures, text, ours } = await measured({ videos: [200] });
    const [{ examplesPerSecond, ratio }] = figures.sizes;
    const peers = Object.entries(examplesPerSecond).filter(([name]) => name !== ours);
    expect(Object.fromEntries(peers)).toMatchObject({
      'PyTorch, adagrad, 1 thread': (1_000 * RANKING_BATCH) / 8,
      'PyTorch, sparse_adam, 1 thread': (1_000 * RANKING_BATCH) / 16,
    });
    expect(peers).toHaveLength(seen.size);
    expect([...seen.values()].every((rounds) => rounds === 3)).toBe(true);
    expect(ratio).toBe(2);
    expect(text).toContain('ours by the best of PyTorch: 2.00');
  });

  it('knows no peer of the candidate step but one that is named', async () => {
    oursTakes(4);
    const { text } = await measured({ model: 'candidate', videos: [200], rounds: 1 });
    expect(hasTorch).not.toHaveBeenCalled();
    expect(text).toMatch(/name its script with --peer/);
  });
});
