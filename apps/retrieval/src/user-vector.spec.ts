import { CandidateModel } from '@watchnext/candidate-model';
import { NO_CIRCUMSTANCES } from '@watchnext/features';
import { randomCandidateModel } from '@watchnext/testing/snapshots';
import type { RetrievalSnapshot } from './retrieval-snapshot';
import { userVectorOf } from './user-vector';

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
