import { loadConfig } from '@watchnext/config';
import { checkTogether, parseRankingChange } from './ranking-settings';
import { trainerSettings } from './settings';

describe('changed settings of the ranking model', () => {
  it('are read from the environment', () => {
    const load = (text: string) => loadConfig(trainerSettings, { WATCHNEXT_RANKING_SETTINGS: text });
    expect(load('{"members":1,"warmEpochs":2}').WATCHNEXT_RANKING_SETTINGS).toEqual({ members: 1, warmEpochs: 2 });
    expect(() => load('{"idDropout":1}')).toThrow('idDropout must be below 1');
    expect(loadConfig(trainerSettings, {}).WATCHNEXT_RANKING_SETTINGS).toEqual({});
  });

  it('are held to what the command line says', () => {
    const change = parseRankingChange('{"crosses":["user-surface"]}');
    expect(() => checkTogether({ ...change, precision: 'float32' })).not.toThrow();
    expect(() => checkTogether({ ...change, precision: 'int8' })).toThrow('crosses need the precision float32');
  });

  it.each([
    ['members=1', 'it is not JSON; write {"members":1}'],
    ['[1]', 'not a JSON object'],
    ['{"member":1}', 'there is no setting "member"; there are clickHead'],
    ['{"objective":"click"}', 'there is no setting "objective"'],
    ['{"warmEpochs":0}', 'warmEpochs must be a whole number of at least 1'],
    ['{"calibrated":"false"}', 'calibrated must be true or false, not "false"'],
    ['{"hiddenSizes":128}', 'hiddenSizes must be a list of whole numbers of at least 1, not 128'],
    ['{"learningRateDecay":"slow"}', 'learningRateDecay must be one of'],
  ])('%s: %s', (text, message) => {
    expect(() => parseRankingChange(text)).toThrow(message);
  });
});
