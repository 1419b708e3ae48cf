import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepJson } from '../kept-files';
import { Sittings } from './sittings';

jest.mock('../kept-files', () => {
  const real = jest.requireActual<typeof import('../kept-files')>('../kept-files');
  return { ...real, keepJson: jest.fn(real.keepJson) };
});

describe('sittings', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'watchnext-sittings-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('sum up those asked for, each with the last that was noted of it', () => {
    new Sittings(folder).note({ startedAtMs: 1_000, untilMs: 2_000, processorSeconds: 1.5 });
    new Sittings(folder).note({ startedAtMs: 1_000, untilMs: 5_000, processorSeconds: 7 });
    new Sittings(folder).note({ startedAtMs: 9_000, untilMs: 10_000, processorSeconds: 2 });
    new Sittings(folder).note({ startedAtMs: 20_000, untilMs: 90_000, processorSeconds: 100 });
    const sum = new Sittings(folder).sumOf([1_000, 9_000, 9_000], []);
    expect(sum).toEqual({ sittings: 2, clockSeconds: 5, processorSeconds: 9 });
  });

  it('count with what made a log ready, the last time that it was', () => {
    const sittings = new Sittings(folder);
    sittings.note({ startedAtMs: 1_000, untilMs: 2_000, processorSeconds: 1, prepared: ['log', 'other'] });
    sittings.note({ startedAtMs: 3_000, untilMs: 4_000, processorSeconds: 10, prepared: ['log'] });
    sittings.note({ startedAtMs: 5_000, untilMs: 6_000, processorSeconds: 100 });
    expect(sittings.sumOf([5_000], ['log'])).toMatchObject({ sittings: 2, processorSeconds: 110 });
    expect(sittings.sumOf([3_000], ['log'])).toMatchObject({ sittings: 1, processorSeconds: 10 });
  });

  it('are all kept of runs that share a folder, and note at the same time', () => {
    jest.mocked(keepJson).mockImplementationOnce((file, value) => {
      new Sittings(folder).note({ startedAtMs: 9_000, untilMs: 10_000, processorSeconds: 2 });
      keepJson(file, value);
    });
    new Sittings(folder).note({ startedAtMs: 1_000, untilMs: 2_000, processorSeconds: 1.5 });
    expect(new Sittings(folder).sumOf([1_000, 9_000], [])).toMatchObject({ sittings: 2, processorSeconds: 3.5 });
  });

  it('count those that an earlier version kept', () => {
    const earlier = { startedAtMs: 1_000, untilMs: 2_000, processorSeconds: 1, prepared: ['log'] };
    writeFileSync(join(folder, 'sittings.json'), JSON.stringify([earlier]));
    new Sittings(folder).note({ startedAtMs: 3_000, untilMs: 4_000, processorSeconds: 10 });
    expect(new Sittings(folder).sumOf([3_000], ['log'])).toMatchObject({ sittings: 2, processorSeconds: 11 });
  });

  it('are none in a new folder', () => {
    expect(new Sittings(folder).sumOf([1_000], ['log'])).toEqual({ sittings: 0, clockSeconds: 0, processorSeconds: 0 });
  });
});
