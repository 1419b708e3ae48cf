import { createRandom } from '@watchnext/learning';
import { checkSampleRatio, chiSquareAlarmRate, SAMPLE_RATIO_ALPHA } from './sample-ratio';

describe('the sample-ratio check', () => {
  it('is Pearson’s chi-square, as by hand', () => {
    const { chiSquare, chiSquareP, expectedShares } = checkSampleRatio([60, 40], [2, 2]);
    expect([chiSquare, expectedShares]).toEqual([4, [0.5, 0.5]]);
    expect(chiSquareP).toBeCloseTo(0.0455, 4);
  });

  it('passes with nobody, and with what was promised', () => {
    expect(checkSampleRatio([0, 0], [1, 1])).toMatchObject({ passed: true, chiSquareP: 1 });
    expect(checkSampleRatio([30_100, 69_900], [0.3, 0.7]).passed).toBe(true);
  });

  it('raises a false alarm in fewer than its share of experiments that are looked at daily', () => {
    const random = createRandom(5);
    let alarms = 0;
    for (let experiment = 0; experiment < 1_000; experiment++) {
      const counts = [0, 0, 0];
      let alarmed = false;
      for (let day = 0; day < 20; day++) {
        for (let user = 0; user < 60; user++) {
          const u = random.next();
          counts[u < 0.5 ? 0 : u < 0.8 ? 1 : 2]++;
        }
        alarmed ||= !checkSampleRatio(counts, [0.5, 0.3, 0.2]).passed;
      }
      if (alarmed) alarms++;
    }
    expect(alarms / 1_000).toBeLessThanOrEqual(SAMPLE_RATIO_ALPHA);
  });

  it.each([
    [100, 50],
    [200, 110],
    [100, 0],
    [25_000, 24_000],
  ])('finds losses of any size, whatever the number of users: %d against %d', (control, treatment) => {
    expect(checkSampleRatio([control, treatment], [1, 1])).toMatchObject({ passed: false });
  });

  it('finds one in twenty lost from a variant among fifty thousand', () => {
    const random = createRandom(6);
    let found = 0;
    for (let experiment = 0; experiment < 20; experiment++) {
      const counts = [0, 0];
      for (let user = 0; user < 50_000; user++) {
        const variant = random.next() < 0.5 ? 0 : 1;
        if (variant === 0 || random.next() > 0.05) counts[variant]++;
      }
      if (!checkSampleRatio(counts, [1, 1]).passed) found++;
    }
    expect(found).toBeGreaterThanOrEqual(19);
  });
});

describe('the rate of chi-square alarms', () => {
  it.each([
    [63, 0.043],
    [100, 0.0569],
    [150, 0.0409],
    [617, 0.0532],
    [1_000_000, 0.0501],
  ])('of %i users in two halves is %d for 0.05', (users, rate) => {
    expect(chiSquareAlarmRate(users, 0.5, 0.05)).toBeCloseTo(rate, 4);
  });

  it('is the sum over all outcomes that are called too rare, for unequal shares too', () => {
    const [users, share] = [12, 0.2];
    let [rate, ways] = [0, 1];
    for (let count = 0; count <= users; count++) {
      const { chiSquareP } = checkSampleRatio([count, users - count], [share, 1 - share]);
      if (chiSquareP < 0.05) rate += ways * share ** count * (1 - share) ** (users - count);
      ways *= (users - count) / (count + 1);
    }
    expect(rate).toBeGreaterThan(0.01);
    expect(chiSquareAlarmRate(users, share, 0.05)).toBeCloseTo(rate, 12);
  });

  it('is none where nobody, or so few that nothing is rare, are split', () => {
    expect(chiSquareAlarmRate(0, 0.5, 0.05)).toBe(0);
    expect(chiSquareAlarmRate(3, 0.5, 0.05)).toBeCloseTo(0, 12);
  });
});
