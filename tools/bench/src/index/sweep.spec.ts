import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plotFileOf, SWEEP_DEFAULTS } from './sweep';

describe('the plot of a sweep', () => {
  it('is that of the documents where all settings are theirs', () => {
    expect(plotFileOf(SWEEP_DEFAULTS)).toBe('docs/index-sweep.svg');
    expect(plotFileOf({ ...SWEEP_DEFAULTS, ef: [...SWEEP_DEFAULTS.ef] })).toBe('docs/index-sweep.svg');
  });

  it('goes elsewhere of other settings, and where it is told to', () => {
    const elsewhere = join(tmpdir(), 'index-sweep.svg');
    expect(plotFileOf({ ...SWEEP_DEFAULTS, vectors: 1_000 })).toBe(elsewhere);
    expect(plotFileOf({ ...SWEEP_DEFAULTS, m: [16] })).toBe(elsewhere);
    expect(plotFileOf({ ...SWEEP_DEFAULTS, plot: 'mine.svg' })).toBe('mine.svg');
  });
});
