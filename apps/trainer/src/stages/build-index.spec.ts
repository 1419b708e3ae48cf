import type { CandidateModel } from '@watchnext/candidate-model';
import type { CandidateExample } from '@watchnext/features';
import { createRandom } from '@watchnext/learning';
import { BuildThreads } from '@watchnext/vector-search';
import { RunStoppedError } from '../errors';
import { indexOf } from './build-index';

const DIMENSIONS = 32;
/** More than can be built in the time that Jest gives a test. */
const VIDEO_COUNT = 400_000;

describe('the index of a run', () => {
  const random = createRandom(1);
  const videoVectors = Float32Array.from({ length: VIDEO_COUNT * DIMENSIONS }, () => random.gaussian());
  const model = {
    config: {},
    videoIds: Array.from({ length: VIDEO_COUNT }, (_, i) => `v${i}`),
    videoVectors,
    userVector: () => videoVectors.subarray(0, DIMENSIONS),
  } as unknown as CandidateModel;
  const examples = [{ features: {} }] as unknown as CandidateExample[];

  it('is left amid its building when the run is to stop, and its threads end by themselves', async () => {
    const threads = new BuildThreads(1);
    const stopping = new AbortController();
    const reason = new RunStoppedError('stop');
    const onProgress = jest.fn(() => stopping.abort(reason));
    try {
      const built = indexOf(model, examples, { threads, shardCount: 2 }, onProgress, stopping.signal);
      await expect(built).rejects.toBe(reason);
      // Nothing ends a thread that does not end by itself: a build reports every 1,000 vectors, and ends there.
      jest.useFakeTimers();
      await threads.close();
    } finally {
      jest.useRealTimers();
      await threads.close();
    }
  });
});
