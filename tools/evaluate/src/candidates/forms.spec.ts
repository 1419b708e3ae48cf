import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { candidateForms, HISTORY_ENCODERS } from '@watchnext/candidate-model';
import { COMPARISON_NAMES, formsNeedWatchTimes, formsOf } from './forms';

const SIZE = { videoCount: 500, exampleCount: 2_000 };

describe('formsOf', () => {
  it('is what the product would train, unless told otherwise', () => {
    expect(formsOf({}).map(({ configs }) => configs(SIZE))).toEqual([candidateForms(SIZE)]);
  });

  it('changes settings, given as JSON or as text', () => {
    const [form] = formsOf({ set: ['dimensions=16', 'historyEncoder=mean', 'hiddenSizes=[8]'] });
    const expected = { ...candidateForms(SIZE)[0], dimensions: 16, historyEncoder: 'mean', hiddenSizes: [8] };
    expect(form.configs(SIZE)).toEqual([expected]);
  });

  it('compares, with the settings changed in every row', () => {
    const forms = formsOf({ compare: 'encoders', set: ['dimensions=8'] });
    expect(forms.map(({ name }) => name)).toEqual(HISTORY_ENCODERS.filter((name) => name !== 'time-heads'));
    expect(forms.map(({ configs }) => configs(SIZE)[0].dimensions)).toEqual(forms.map(() => 8));
  });

  it.each(COMPARISON_NAMES)('compares %s in forms that can be trained', (compare) => {
    const forms = formsOf({ compare });
    expect(new Set(forms.map(({ name }) => name)).size).toBe(forms.length);
    for (const { configs } of forms) expect(() => configs(SIZE)).not.toThrow();
    expect(formsNeedWatchTimes(forms)).toBe(compare === 'heads');
  });

  it('takes the settings that are off by default', () => {
    expect(formsOf({ set: ['temperature=0.1', 'inBatchShare=0.5'] })[0].configs(SIZE)).toMatchObject([
      { temperature: 0.1, inBatchShare: 0.5 },
    ]);
    expect(formsNeedWatchTimes(formsOf({ set: ['historyEncoder=time-heads'] }))).toBe(true);
  });

  it('reads a file of forms', () => {
    const folder = mkdtempSync(join(tmpdir(), 'watchnext-forms-'));
    const file = join(folder, 'forms.json');
    writeFileSync(file, JSON.stringify([{ name: 'wide', config: { dimensions: 128 } }, { name: 'plain' }]));
    const forms = formsOf({ forms: file });
    const set = formsOf({ forms: file, set: ['dimensions=8', 'epochCount=3'] });
    writeFileSync(file, JSON.stringify([{ name: 'x', config: { dimension: 1 } }]));
    expect(() => formsOf({ forms: file })).toThrow('there is no setting "dimension"');
    writeFileSync(file, '{');
    expect(() => formsOf({ forms: file })).toThrow('cannot be read');
    rmSync(folder, { recursive: true });
    expect(forms.map(({ name, configs }) => [name, configs(SIZE)[0].dimensions])).toEqual([
      ['wide', 128],
      ['plain', candidateForms(SIZE)[0].dimensions],
    ]);
    for (const { configs } of set) expect(configs(SIZE)).toMatchObject([{ dimensions: 8, epochCount: 3 }]);
    expect(set).toHaveLength(2);
  });

  it.each([
    [{ set: ['epochs=3'] }, 'no setting "epochs"'],
    [{ set: ['epochCount'] }, 'setting=value'],
    [{ compare: 'everything' }, 'there are encoders, '],
    [{ forms: '/nowhere.json' }, 'cannot be read'],
    [{ compare: 'encoders', forms: '/nowhere.json' }, 'give one of them'],
  ])('names what is wrong with %j', (options, message) => {
    expect(() => formsOf(options)).toThrow(message);
  });

  it('checks the settings once the size of the data is known', () => {
    expect(() => formsOf({ set: ['batchSize=0'] })[0].configs(SIZE)).toThrow('batchSize');
    expect(() => formsOf({ compare: 'interests', set: ['batchSize=0'] })[0].configs(SIZE)).toThrow('batchSize');
  });
});
