import { experimentOf } from '../test/builders';
import { checkQuality, machineListLimit } from './quality';

const segment = (dimension: string, name: string, ...users: number[]) => ({ dimension, segment: name, users });
const input = {
  users: [5_000, 5_020],
  machines: [0, 0],
  inSeveralVariants: 0,
  merged: [0, 0],
  mergedAcross: 0,
  segments: [],
};

describe('the check before the result', () => {
  const experiment = experimentOf();

  it('lets a sound experiment through', () => {
    expect(checkQuality(experiment, input)).toMatchObject({
      objections: [],
      warnings: [],
      suspects: [],
      machineRatio: undefined,
    });
  });

  it('objects to lost users and names the segment where they are missing', () => {
    const { objections, suspects } = checkQuality(experiment, {
      ...input,
      users: [5_000, 4_400],
      segments: [
        segment('device', 'tv', 1_000, 400),
        segment('device', 'phone', 4_000, 4_000),
        segment('country', 'SE', 10, 2),
      ],
    });
    expect(objections[0]).toMatch(/sample-ratio mismatch .*treatment 4400 of 50\.0% expected.*most in device tv/);
    expect(suspects.map((suspect) => suspect.segment)).toEqual(['tv']);
  });

  it('warns of a ratio that chance alone seldom brings about, and names the segment there too', () => {
    const { objections, warnings, suspects } = checkQuality(experiment, {
      ...input,
      users: [5_000, 4_660],
      segments: [segment('device', 'tv', 1_000, 660), segment('device', 'phone', 4_000, 4_000)],
    });
    expect(objections).toEqual([]);
    expect(warnings[0]).toMatch(/^the sample ratio is doubtful \(chi-square p 0\.0005\).*most in device tv/);
    expect(suspects.map((suspect) => suspect.segment)).toEqual(['tv']);
  });

  it('objects where nothing but the assignment can be at fault', () => {
    const { objections } = checkQuality(experiment, { ...input, users: [5_000, 4_400] });
    expect(objections[0]).toMatch(/look at the assignment itself/);
  });

  it('leaves machines out, says whether they are the reason, and whether they gather in one variant', () => {
    const { objections, warnings, machineRatio } = checkQuality(experiment, {
      ...input,
      users: [5_000, 5_800],
      machines: [10, 790],
    });
    expect(objections).toEqual([]);
    expect(machineRatio?.passed).toBe(false);
    expect(warnings.join('\n')).toMatch(/800 users behave as no person does.*unevenly spread[^]*they are the reason/);
  });

  it('objects to users who were moved from one variant to another', () => {
    expect(checkQuality(experiment, { ...input, inSeveralVariants: 50 }).objections[0]).toMatch(
      /more than one variant/,
    );
    expect(checkQuality(experiment, { ...input, inSeveralVariants: 5 }).objections).toEqual([]);
  });

  it('leaves a single one out of a small experiment and goes on, and objects to a handful and one more', () => {
    const small = (inSeveralVariants: number) =>
      checkQuality(experiment, { ...input, users: [100, 100], inSeveralVariants });
    expect(small(1)).toMatchObject({ objections: [], warnings: [expect.stringMatching(/^1 users were in more than/)] });
    expect(small(6).objections).toHaveLength(1);
  });

  it('tells who went on as another user since they logged in, and where one variant makes them', () => {
    const [even] = checkQuality(experiment, { ...input, merged: [200, 210], mergedAcross: 190 }).warnings;
    expect(even).toMatch(/^410 users logged in and went on as another user, 190 of them in another variant/);
    expect(even).not.toMatch(/uneven/);
    const uneven = checkQuality(experiment, { ...input, merged: [100, 310], mergedAcross: 190 });
    expect(uneven).toMatchObject({ objections: [], warnings: [expect.stringMatching(/unevenly spread/)] });
  });

  it('takes variants without a share for none', () => {
    const three = experimentOf({
      variants: [
        { name: 'control', share: 0.5 },
        { name: 'off', share: 0 },
        { name: 'treatment', share: 0.5 },
      ],
    });
    const { sampleRatio } = checkQuality(three, { ...input, users: [100, 0, 100], machines: [0, 0, 0] });
    expect(sampleRatio).toMatchObject({ counts: [100, 100], passed: true });
  });

  it('has a limit for lists that follows what people do', () => {
    expect([machineListLimit(2), machineListLimit(6)]).toEqual([50, 120]);
  });
});
