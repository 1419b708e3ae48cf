import { checkConfig, defaultCandidateConfig } from '@watchnext/candidate-model';
import type { PaperData } from '../paper/data';
import { OPTION_PARTS, optionFindingsOn } from './findings';

const VIDEOS = 500;
const findings = optionFindingsOn({ candidates: { videoCount: VIDEOS } } as PaperData);

describe("the candidate model's options", () => {
  it('are known by name', () => {
    expect(findings.map(({ part }) => part)).toEqual(OPTION_PARTS);
  });

  it.each(findings)('$part: forms that can be trained, each beside the default', ({ forms, orderings }) => {
    const names = forms.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { unit } of forms) {
      const size = { videoCount: VIDEOS, exampleCount: 5_000 };
      expect(() => checkConfig({ ...defaultCandidateConfig(size), ...(unit.change as object) })).not.toThrow();
    }
    expect(orderings).toHaveLength(forms.length - 1);
    for (const { better, worse } of orderings) {
      expect(names).toEqual(expect.arrayContaining([better, worse]));
      expect([better, worse]).toContain(names[0]);
    }
  });

  it('have the settings of the default form where they say so', () => {
    const { historyEncoder, inputDropout, hiddenDropout, learningRateDecay } = defaultCandidateConfig({
      videoCount: VIDEOS,
      exampleCount: 5_000,
    });
    expect({ historyEncoder, inputDropout, hiddenDropout, learningRateDecay }).toEqual({
      historyEncoder: 'position-heads',
      inputDropout: 0.3,
      hiddenDropout: 0.3,
      learningRateDecay: 'constant',
    });
  });
});
