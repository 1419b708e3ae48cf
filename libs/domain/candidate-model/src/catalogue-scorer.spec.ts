import { createRandom, plainTowerRunner, type TowerRunnerFactory } from '@watchnext/learning';
import { CatalogueScorer } from './catalogue-scorer';
import { defaultCandidateConfig } from './config';
import { scoreVideos } from './video-scores';

const VIDEOS = 30;
const DIMENSIONS = 5;
/** More than are scored at a time. */
const QUERIES = 150;

const random = createRandom(1);
const numbers = (length: number) => Float32Array.from({ length }, () => random.gaussian());

describe.each([1, 3])('a catalogue scored for users of %i interests', (interests) => {
  const model = {
    videoIds: Array.from({ length: VIDEOS }, (_, n) => `v${n}`),
    videoVectors: numbers(VIDEOS * DIMENSIONS),
    config: {
      ...defaultCandidateConfig({ videoCount: VIDEOS, exampleCount: 100 }),
      dimensions: DIMENSIONS,
      ...(interests > 1 ? { interests } : {}),
    },
  };
  const users = Array.from({ length: QUERIES }, () => numbers(interests * DIMENSIONS));
  const scored = async (scorer: CatalogueScorer) => {
    const found: [Float32Array, number[]][] = [];
    await scorer.each(
      users,
      (user) => user,
      (user, scores) => found.push([user, [...scores]]),
    );
    return found;
  };

  it('is scored in double precision where it is small', async () => {
    const never: TowerRunnerFactory = () => {
      throw new Error('a runner');
    };
    const scorer = await CatalogueScorer.of(model, never);
    expect(await scored(scorer)).toEqual(users.map((user) => [user, [...scoreVideos(model, user)]]));
    await scorer.close();
  });

  it('is scored by the runner where it is large, which is closed with it', async () => {
    const close = jest.fn();
    const createRunner: TowerRunnerFactory = async (tower) => ({ ...(await plainTowerRunner(tower)), close });
    const scorer = await CatalogueScorer.of(model, createRunner, 0);
    const found = await scored(scorer);
    expect(found.map(([user]) => user)).toEqual(users);
    found.forEach(([user, scores]) => {
      const expected = scoreVideos(model, user);
      scores.forEach((score, video) => expect(score).toBeCloseTo(expected[video], 5));
    });
    expect(close).not.toHaveBeenCalled();
    await scorer.close();
    expect(close).toHaveBeenCalledTimes(1);
  });
});
