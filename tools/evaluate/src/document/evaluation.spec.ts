/** Pages of reports as `--json` writes them, with what JSON has no number for. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CalibrationRow } from '@watchnext/evaluation';
import { renderMarkdownDocument } from '@watchnext/plots';
import { Command } from 'commander';
import { EvaluationDataError } from '../data/watch-data';
import type { RankingReport } from '../ranking/report';
import { rankingTables } from '../ranking/table';
import { readNamed } from '../ranking-options/command';
import { rankingOptionsDocument } from '../ranking-options/document';
import { evaluationReport, readReport, writeReport } from '../report';
import type { WarmStartReport } from '../warm-start/report';
import { warmStartTable } from '../warm-start/table';
import { addReportCommand } from './command';
import { evaluationDocument, writeOutputs } from './evaluation';

const MEASURED = { value: 0.25, interval95: [0.2, 0.3] } as const;

function calibrationRow(bucket: string, predicted: number, actual: number): CalibrationRow {
  const ratio = predicted / actual;
  const interval = actual > 0 ? { low: ratio - 0.1, high: ratio + 0.1 } : { low: NaN, high: NaN };
  return { bucket, impressionCount: 10, meanPredictedSeconds: predicted, meanActualSeconds: actual, ratio, interval };
}

/** Of the least tenth nobody watched a second. */
const DECILE = [calibrationRow('1', 0.5, 0), calibrationRow('2', 9, 10), calibrationRow('3', 22, 20)];

const RANKING: RankingReport = {
  source: 'a log',
  split: 'trained before noon',
  part: 'test',
  seeds: [1],
  counts: { trainingImpressions: 100, impressions: 30, clicked: 5, pagesWithPairs: 4, users: 3 },
  scorers: [
    {
      name: 'model',
      kind: 'model',
      orders: 'seconds',
      seed: 1,
      weightedPerUserLoss: MEASURED,
      clickAuc: NaN,
      groupedClickAuc: MEASURED,
      calibration: { decile: DECILE, position: [], source: [], uploadAge: [] },
    },
  ],
};

const WARM_START: WarmStartReport = {
  source: 'a log',
  seeds: [1],
  days: [{ from: '2026-05-11T00:00', trainingImpressions: 100, impressions: 30 }],
  pagesWithPairs: 4,
  forms: [
    {
      name: 'anew, 1 epoch',
      weightedPerUserLoss: 0.25,
      interval95: [0.2, 0.3],
      lossBySeed: [0.25],
      lessThanAnew: { difference: 0, interval95: [0, 0] },
      clickAuc: 0.7,
      watchTimeMaeSeconds: 5,
      calibration: DECILE,
      stepsPerDay: 10,
      processorSecondsPerDay: 1,
      starts: [],
    },
  ],
};

const RANGE = '0.90 to 1.10 (1 without a watched second left out)';

describe('a page of what was written', () => {
  let folder: string;
  const [ranking, warmStart] = ['ranking.json', 'warm-start.json'].map((name) => () => join(folder, name));

  beforeEach(() => {
    jest.spyOn(console, 'log').mockImplementation(() => undefined);
    folder = mkdtempSync(join(tmpdir(), 'watchnext-documents-'));
    writeReport(ranking(), evaluationReport({ ranking: RANKING }));
    writeReport(warmStart(), evaluationReport({ warmStart: WARM_START }));
  });
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  it('has a dash for the ratio of a tenth in which nobody watched, and draws the others', () => {
    const page = renderMarkdownDocument(evaluationDocument([readReport(ranking())]), 'figures');
    expect(page).toContain('| ratio | – | 0.90 | 1.10 |');
    expect(page).toContain('| 0.2500 | 0.200 to 0.300 |  | – |');
    expect(page).not.toMatch(/NaN|Infinity|null|undefined/);
    expect(rankingTables(RANKING)).not.toMatch(/NaN|Infinity/);
  });

  it('leaves such ratios out of the range of tenths, and says so', () => {
    const named = readNamed(`A log=${warmStart()}`);
    expect(renderMarkdownDocument(rankingOptionsDocument(named), 'figures')).toContain(`| ${RANGE} |`);
    expect(warmStartTable(WARM_START)).toContain(RANGE);
  });

  it('is of files with a part each: of no two with the same, and of none without', async () => {
    const report = (...files: string[]) => {
      const program = new Command().exitOverride();
      addReportCommand(program);
      return program.parseAsync(['report', ...files, '--out', join(folder, 'page')], { from: 'user' });
    };
    await report(ranking());
    const again = join(folder, 'again.json');
    writeReport(again, evaluationReport({ ranking: RANKING }));
    await expect(report(ranking(), again)).rejects.toThrow(`both ${ranking()} and ${again} have ranking`);
    await expect(report(ranking(), ranking())).rejects.toThrow(`both ${ranking()} and ${ranking()} have ranking`);
    await expect(report(ranking(), warmStart())).rejects.toThrow(
      `${warmStart()} has nothing of candidates, ranking, paper; what warm-start wrote is shown by ranking-options`,
    );
  });

  it.each([
    ['{"formatVersion":1,"candidates":{}}', 'measuredAt'],
    ['null', undefined],
    [(whole: string) => whole.replace('"scorers"', '"scores"'), 'ranking.scorers'],
    [(whole: string) => whole.replace('"clickAuc"', '"auc"'), 'ranking.scorers[0].clickAuc'],
    [(whole: string) => whole.replace(/"machine": \{/, '"machine": 7, "rest": {'), 'machine'],
  ])('is of no file that holds %s: what it lacks is named', (damage, missing) => {
    const text = typeof damage === 'string' ? damage : damage(readFileSync(ranking(), 'utf8'));
    writeFileSync(ranking(), text);
    const message = missing ? `is damaged: it has no ${missing}; write it anew` : 'is no report of this version';
    expect(() => readReport(ranking())).toThrow(EvaluationDataError);
    expect(() => readReport(ranking())).toThrow(`${ranking()} ${message}`);
  });

  it('is written also where the JSON beside it cannot be', () => {
    const report = join(folder, 'report');
    const outputs = { json: join(folder, 'missing', 'report.json'), report };
    expect(() => writeOutputs(evaluationReport({ ranking: RANKING }), outputs)).toThrow(/ENOENT/);
    for (const name of ['report.html', 'report.md']) expect(existsSync(join(report, name))).toBe(true);
    expect(readFileSync(join(report, 'report.md'), 'utf8')).toContain('## Ranking');
  });
});
