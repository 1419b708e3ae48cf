import { CandidateModel } from '@watchnext/candidate-model';
import type { RequestContext, UserState } from '@watchnext/contract';
import { newState, NO_CIRCUMSTANCES } from '@watchnext/features';
import { randomCandidateModel } from '@watchnext/testing/snapshots';
import type { RetrievalSnapshot } from './retrieval-snapshot';
import { queryFeatures, userVectorOf } from './user-vector';

const FEATURES = { watchedVideoIds: ['a', 'c'], ...NO_CIRCUMSTANCES };

/** A tower that gives what it is told to. */
const towerOf = (output: readonly number[]) =>
  ({ run: async () => Float32Array.from(output) }) as unknown as RetrievalSnapshot['tower'];

it.each([
  [undefined, [3, 4]],
  [0.1, [0.6, 0.8]],
  [0.1, [0.6, 0.8, 0, -1]],
])(
  'asks with what the tower gives, of length 1 for a model with a temperature: %p %j',
  async (temperature, expected) => {
    const interests = expected.length / 2;
    const options = { videoIds: ['a', 'b', 'c'], seed: 1, dimensions: 2, interests };
    const { metadata, tensors } = randomCandidateModel(options).toParts();
    const config = { ...metadata.config, ...(temperature === undefined ? {} : { temperature }) };
    const model = CandidateModel.fromParts({ metadata: { ...metadata, config }, tensors });
    const user = await userVectorOf({ model, tower: towerOf([3, 4, 0, -7].slice(0, expected.length)) }, FEATURES);
    expect(user.length).toBe(expected.length);
    expected.forEach((value, d) => expect(user[d]).toBeCloseTo(value, 6));
  },
);

describe('what the tower sees for an up-next list', () => {
  const CONTEXT: RequestContext = {
    requestedAtMs: 1_000_000,
    country: '',
    device: '',
    surface: 'up-next',
    seedVideoId: 'seed',
    loggedIn: true,
  };
  /** Of 100 s each. */
  const watched = (...watches: readonly (readonly [videoId: string, watchSeconds: number])[]): UserState => ({
    ...newState('u'),
    watches: watches.map(([videoId, watchSeconds], index) => ({
      videoId,
      startedAtMs: 1_000 * index,
      watchSeconds,
      durationSeconds: 100,
      playbackHash: index,
    })),
  });

  it('is the history of a training example whose newest watch is the seed, which is there once', () => {
    const state = watched(['a', 95], ['b', 95], ['seed', 95], ['skipped', 1]);
    const features = queryFeatures(state, CONTEXT);
    expect(features.watchedVideoIds).toEqual(['a', 'b', 'seed']);
    expect(features).toEqual(queryFeatures(state, { ...CONTEXT, seedVideoId: '' }));
  });

  it.each([
    ['begun', watched(['a', 95], ['seed', 1]), ['a', 'seed']],
    ['watched before and opened again', watched(['seed', 95], ['a', 95]), ['seed', 'a', 'seed']],
  ])('ends with a seed that is only %s', (_, state, expected) => {
    const { watchedVideoIds, watchedAtMs } = queryFeatures(state, CONTEXT);
    expect(watchedVideoIds).toEqual(expected);
    expect(watchedAtMs?.at(-1)).toBe(CONTEXT.requestedAtMs);
  });
});
