import { checkConfig, defaultRankingConfig, RANKING_PRECISIONS } from './config';

const CONFIG = defaultRankingConfig({ exampleCount: 5_000, videoCount: 50 });

describe("a ranking model's configuration", () => {
  it('may be of any precision, and say nothing of it, as older ones do', () => {
    for (const precision of RANKING_PRECISIONS) expect(() => checkConfig({ ...CONFIG, precision })).not.toThrow();
    const { precision, ...older } = CONFIG;
    expect(precision).toBe('float32');
    expect(() => checkConfig(older)).not.toThrow();
  });

  it('is refused by the setting that makes no sense', () => {
    expect(() => checkConfig({ ...CONFIG, precision: 'int4' as never })).toThrow('precision must be float32 or int8');
    expect(() => checkConfig({ ...CONFIG, idDropout: 1 })).toThrow('idDropout');
    expect(() => checkConfig({ ...CONFIG, epochs: 1.5 })).toThrow('epochs must be a whole number');
  });
});
