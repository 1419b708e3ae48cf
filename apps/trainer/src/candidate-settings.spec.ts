import { candidateForms } from '@watchnext/candidate-model';
import { loadConfig } from '@watchnext/config';
import { changedForms, parseCandidateChange } from './candidate-settings';
import { trainerSettings } from './settings';

describe('changed settings of the candidate model', () => {
  it('are read from the environment', () => {
    const load = (text: string) => loadConfig(trainerSettings, { WATCHNEXT_CANDIDATE_SETTINGS: text });
    expect(load('{"temperature":0.1,"hiddenSizes":[64]}').WATCHNEXT_CANDIDATE_SETTINGS).toEqual({
      temperature: 0.1,
      hiddenSizes: [64],
    });
    expect(() => load('{"temperature":7}')).toThrow('temperature must be from 0.01 to 1');
    expect(loadConfig(trainerSettings, {}).WATCHNEXT_CANDIDATE_SETTINGS).toEqual({});
  });

  it.each([
    ['temperature=0.1', 'it is not JSON'],
    ['[0.1]', 'not a JSON object'],
    ['{"temprature":0.1}', 'there is no setting "temprature"; there are dimensions'],
    ['{"inBatchShare":2}', 'inBatchShare must be a share of the negatives'],
    ['{"interests":0}', 'interests must be a whole number of user vectors from 1 to 16'],
    ['{"epochCount":0}', 'epochCount must be a whole number of at least 1, not 0'],
    ['{"hiddenSizes":128}', 'hiddenSizes must be a list of whole numbers of at least 1, not 128'],
    ['{"learningRateDecay":"slow"}', 'learningRateDecay must be one of'],
  ])('%s: %s', (text, message) => {
    expect(() => parseCandidateChange(text)).toThrow(message);
  });

  it('leave the forms to choose from, but for those that come out the same', () => {
    const forms = candidateForms({ videoCount: 500, exampleCount: 2_000 });
    expect(forms.length).toBeGreaterThan(1);
    expect(changedForms(forms, {})).toEqual(forms);
    expect(changedForms(forms, { temperature: 0.1 }).map(({ historyEncoder }) => historyEncoder)).toEqual(
      forms.map(({ historyEncoder }) => historyEncoder),
    );
    expect(changedForms(forms, { historyEncoder: 'time-heads' })).toEqual([
      { ...forms[0], historyEncoder: 'time-heads' },
    ]);
  });
});
