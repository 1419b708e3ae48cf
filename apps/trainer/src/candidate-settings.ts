import {
  type CandidateModelConfig,
  candidateSettings,
  checkConfig,
  defaultCandidateConfig,
} from '@watchnext/candidate-model';
import { checkSchedule } from '@watchnext/learning';
import { parseModelChange } from './model-settings';

export type CandidateChange = Partial<CandidateModelConfig>;

/**
 * Settings of the candidate model that are not to be the defaults for the size of the data, from JSON: `{"temperature":0.1}`.
 * @throws Error naming the setting that is not known or out of range
 */
export function parseCandidateChange(text: string): CandidateChange {
  return parseModelChange<CandidateModelConfig>(text, '{"temperature":0.1}', candidateSettings(), (change) => {
    // A stand-in: whether a setting is in range does not depend on the data.
    const config = { ...defaultCandidateConfig({ videoCount: 1_000, exampleCount: 10_000 }), ...change };
    checkConfig(config);
    checkSchedule(config, 'candidate model');
  });
}

/** Forms to choose from, with what is to be changed in each: of forms that come out the same, one. */
export function changedForms(
  forms: readonly CandidateModelConfig[],
  change: CandidateChange,
): readonly CandidateModelConfig[] {
  const changed = forms.map((form) => ({ ...form, ...change }));
  return changed.filter((form, i) => changed.findIndex((one) => JSON.stringify(one) === JSON.stringify(form)) === i);
}
