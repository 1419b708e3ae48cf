import { NO_STATISTICS, statisticsFrom } from '@watchnext/features';
import { createRandom, plainTowerRunner, type TowerRunnerFactory } from '@watchnext/learning';
import { exampleOf, smallConfig, videoOf } from '../test/builders';
import { calibrateOn } from './calibrate-on';
import { Preparation } from './preparation';
import type { RankingModel } from './ranking-model';
import { referenceRankingEngine } from './reference-engine';
import { trainRankingModel } from './train';

const NOTHING_KNOWN = statisticsFrom(NO_STATISTICS);
const draw = createRandom(3);
/** Enough for two groups. */
const EXAMPLES = Array.from({ length: 2_200 }, (_, n) => {
  const clicked = draw.next() < (n % 20 < 10 ? 0.7 : 0.1);
  return exampleOf({
    servedAtMs: n,
    video: videoOf({ videoId: `v${n % 20}` }),
    clicked,
    watchSeconds: clicked ? 60 : 0,
  });
});

describe('calibrateOn', () => {
  let model: RankingModel;
  const calibrate = (createRunner: TowerRunnerFactory) =>
    calibrateOn(EXAMPLES, model, () => NOTHING_KNOWN, createRunner, new Preparation());

  beforeAll(async () => {
    model = await trainRankingModel({
      examples: EXAMPLES.slice(0, 400),
      statisticsAt: () => NOTHING_KNOWN,
      config: smallConfig({ epochs: 2, calibrated: false }),
      createEngine: referenceRankingEngine,
      seed: 9,
    });
  });

  it('asks the runner for every example once, a few at a time, and closes it', async () => {
    const rowCounts: number[] = [];
    const close = jest.fn();
    const plain = await plainTowerRunner(model.tower);
    const run = (rows: Float32Array, rowCount: number) => {
      rowCounts.push(rowCount);
      return plain.run(rows, rowCount);
    };
    const calibration = await calibrate(() => ({ run, close }));
    expect(rowCounts).toEqual([512, 512, 512, 512, 152]);
    expect(close).toHaveBeenCalledTimes(1);
    expect(calibration.logits).toHaveLength(2);
    expect(calibration).toEqual(await calibrate(plainTowerRunner));
  });

  it('closes the runner that fails', async () => {
    const close = jest.fn();
    const run = () => Promise.reject(new Error('no memory'));
    await expect(calibrate(() => ({ run, close }))).rejects.toThrow('no memory');
    expect(close).toHaveBeenCalledTimes(1);
  });
});
