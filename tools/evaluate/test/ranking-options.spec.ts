/** The page of options, out of what the commands write. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAY_MS } from '@watchnext/features';
import { renderMarkdownDocument } from '@watchnext/plots';
import { referenceRankingEngine } from '@watchnext/ranking-model';
import { evaluateRanking } from '../src/ranking/evaluate';
import { rankingVariants } from '../src/ranking/variants';
import { readNamed } from '../src/ranking-options/command';
import { rankingOptionsDocument } from '../src/ranking-options/document';
import { evaluationReport, writeReport } from '../src/report';
import { evaluateWarmStart } from '../src/warm-start/evaluate';
import { FIRST_DAY_MS, silent, world } from './ranking-world';

jest.setTimeout(120_000); // for machines under load; it takes seconds

const COMMON = {
  source: 'a folder of this machine',
  createEngine: referenceRankingEngine,
  signal: new AbortController().signal,
  progress: silent,
};
const SMALL = ['hiddenSizes=[4]', 'epochs=2', 'learningRate=0.01', 'crossBuckets=50'];

it('shows what each form gains and what warm starts cost, and nothing of where the log lay', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'watchnext-options-'));
  try {
    const ranking = await evaluateRanking(world(), {
      ...COMMON,
      testFromMs: FIRST_DAY_MS + 8 * DAY_MS,
      testDays: 2,
      part: 'validation',
      variants: rankingVariants(['searches', 'crosses'], SMALL),
      seeds: [1],
    });
    const warmStart = await evaluateWarmStart(world(), {
      ...COMMON,
      fromMs: FIRST_DAY_MS + 7 * DAY_MS,
      dayCount: 1,
      seeds: [1],
      epochs: [1],
      change: { hiddenSizes: [4], epochs: 2, members: 1 },
    });
    const files = [
      ['options', evaluationReport({ ranking })],
      ['days', evaluationReport({ warmStart })],
    ] as const;
    let named = [] as ReturnType<typeof readNamed>;
    for (const [name, report] of files) {
      writeReport(join(folder, name), report);
      named = readNamed(`A log, ${name}=${join(folder, name)}`, named);
    }
    const page = renderMarkdownDocument(rankingOptionsDocument(named), 'figures');
    for (const form of [
      'model',
      'mean of searches',
      'newest search',
      'mean and newest',
      'user × surface',
      'both crosses',
    ]) {
      expect(page).toMatch(new RegExp(`^\\| ${form} \\| 0\\.\\d{4} \\| 0\\.\\d{4} \\|`, 'm'));
    }
    expect(page).toContain('A log, options: forms of the model');
    expect(page).toMatch(/^\| warm, 1 epoch \| 0\.\d{4} \|/m);
    expect(page).toContain('The validation part: trained before 2026-05-10T23:21');
    expect(page).not.toContain('of this machine');
    expect(() => readNamed('options')).toThrow('a name and a file');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
