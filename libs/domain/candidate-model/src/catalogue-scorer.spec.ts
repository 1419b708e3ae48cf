import { createRandom, plainTowerRunner, type TowerRunnerFactory } from '@watchnext/learning';
import { CatalogueScorer } from './catalogue-scorer';
import { defaultCandidateConfig } from './config';
import { scoreVideos } from './video-scores';

/** More than one runner has, and not twice as many. */
const VIDEOS = 5_000;
const DIMENSIONS = 5;
/** More than are scored at a time. */
const QUERIES = 70;

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
  const greatestDifference = (one: ArrayLike<number>, other: ArrayLike<number>) => {
    let greatest = 0;
    for (let video = 0; video < VIDEOS; video++) greatest = Math.max(greatest, Math.abs(one[video] - other[video]));
    return greatest;
  };
  const plainWith =
    (close: () => void): TowerRunnerFactory =>
    async (tower) => ({
      ...(await plainTowerRunner(tower)),
      close,
    });

  it('is scored in double precision where it is small', async () => {
    const never: TowerRunnerFactory = () => {
      throw new Error('a runner');
    };
    const scorer = await CatalogueScorer.of(model, never);
    const asked: Float32Array[] = [];
    await scorer.each(
      users,
      (user) => user,
      (user, scores) => {
        asked.push(user);
        expect(greatestDifference(scores, scoreVideos(model, user))).toBe(0);
      },
    );
    expect(asked).toEqual(users);
    await scorer.close();
  });

  it('is scored by runners where it is large, which are closed with it', async () => {
    const close = jest.fn();
    const scorer = await CatalogueScorer.of(model, plainWith(close), 0);
    const asked: Float32Array[] = [];
    for (const some of [users.slice(0, 1), users.slice(1), []]) {
      await scorer.each(
        some,
        (user) => user,
        (user, scores) => {
          asked.push(user);
          expect(scores).toHaveLength(VIDEOS);
          expect(greatestDifference(scores, scoreVideos(model, user))).toBeLessThan(1e-5);
        },
      );
    }
    expect(asked).toEqual(users);
    expect(close).not.toHaveBeenCalled();
    await scorer.close();
    expect(close).toHaveBeenCalledTimes(2);
  });

  it('has its runners write where it says, and its scores in one place', async () => {
    const run = jest.fn();
    const createRunner: TowerRunnerFactory = async (tower) => {
      const plain = await plainTowerRunner(tower);
      return { ...plain, run: (rows, rowCount, into) => (run(into?.length), plain.run(rows, rowCount, into)) };
    };
    const scorer = await CatalogueScorer.of(model, createRunner, 0);
    const places = new Set<ArrayBufferLike>();
    await scorer.each(
      users,
      (user) => user,
      (_, { buffer }) => void places.add(buffer),
    );
    expect(places.size).toBe(1);
    expect(run).toHaveBeenCalled();
    expect(run).not.toHaveBeenCalledWith(undefined);
  });

  it('closes the runners that it has where another cannot be made', async () => {
    const close = jest.fn();
    let made = 0;
    const createRunner: TowerRunnerFactory = (tower) => {
      if (made++ > 0) throw new Error('no room');
      return plainWith(close)(tower);
    };
    await expect(CatalogueScorer.of(model, createRunner, 0)).rejects.toThrow('no room');
    expect(close).toHaveBeenCalledTimes(1);
  });

  it('closes its other runners where one cannot be closed, and says so after', async () => {
    const close = jest.fn(() => {
      throw new Error('stuck');
    });
    const scorer = await CatalogueScorer.of(model, plainWith(close), 0);
    await expect(scorer.close()).rejects.toThrow('stuck');
    expect(close).toHaveBeenCalledTimes(2);
  });

  it('says why a runner cannot be made where those before it cannot be closed either', async () => {
    let made = 0;
    const createRunner: TowerRunnerFactory = (tower) => {
      if (made++ > 0) throw new Error('no room');
      return plainWith(() => {
        throw new Error('stuck');
      })(tower);
    };
    await expect(CatalogueScorer.of(model, createRunner, 0)).rejects.toThrow('no room');
  });
});
