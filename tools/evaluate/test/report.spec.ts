/** A tiny world's archive through `report --archive`, and what `--json` of the halves wrote through `report`: pages of both. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cohortLabel } from '@watchnext/evaluation';
import { Command } from 'commander';
import { addReportCommand } from '../src/document/command';
import { candidateParts } from '../src/document/candidates';
import { rankingParts } from '../src/document/ranking';
import type { CandidateReport, EvaluationReport } from '../src/report';
import { PARTITION_COUNT, writeArchive } from './tiny-archive';

jest.setTimeout(240_000); // for machines under load; it takes some seconds

async function report(...args: string[]): Promise<void> {
  const command = new Command().exitOverride();
  addReportCommand(command);
  await command.parseAsync(['report', ...args], { from: 'user' });
}

describe('the report of an archive', () => {
  let folder: string;
  let archive: string;
  let out: string;
  const partitions = String(PARTITION_COUNT);
  const reportOf = (to: string) =>
    report('--archive', archive, '--partitions', partitions, '--no-findings', '--threads', '1', '--out', to);
  let json: EvaluationReport;
  const [said, progress] = ['log', 'error'].map((name) => jest.spyOn(console, name as 'log'));

  beforeAll(async () => {
    said.mockImplementation(() => undefined);
    progress.mockImplementation(() => undefined);
    jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    folder = await mkdtemp(join(tmpdir(), 'watchnext-report-'));
    out = join(folder, 'report');
    archive = await writeArchive(folder);
    await reportOf(out);
    json = JSON.parse(await readFile(join(out, 'report.json'), 'utf8')) as EvaluationReport;
  });

  afterAll(async () => {
    jest.restoreAllMocks();
    await rm(folder, { recursive: true, force: true });
  });

  const pages = async (at = out) =>
    Promise.all(['report.html', 'report.md'].map((name) => readFile(join(at, name), 'utf8')));

  it('is kept as JSON also where its pages cannot be written, as hours of training stand behind it', async () => {
    const blocked = join(folder, 'blocked');
    await mkdir(join(blocked, 'report.html'), { recursive: true });
    await expect(reportOf(blocked)).rejects.toThrow(/EISDIR/);
    const kept = JSON.parse(await readFile(join(blocked, 'report.json'), 'utf8')) as EvaluationReport;
    expect(kept.ranking?.scorers.map(({ name }) => name)).toEqual(json.ranking?.scorers.map(({ name }) => name));
  });

  it('is a page that stands alone, and Markdown with each figure in a file beside it', async () => {
    const [html, markdown] = await pages();
    expect(html).not.toMatch(/https?:\/\/(?!www\.w3\.org)|<script|NaN|undefined/);
    expect(markdown).not.toMatch(/NaN|undefined/);
    const figures = [...markdown.matchAll(/\((figures\/([^)]+)\.svg)\)/g)];
    expect(figures.map(([, , name]) => name)).toEqual([
      'candidates-loss',
      'candidates-recall',
      'candidates-against',
      'ranking-loss',
      'ranking-training',
      'ranking-calibration',
    ]);
    for (const [, file] of figures) {
      const svg = await readFile(join(out, file), 'utf8');
      expect(svg).toMatch(/<svg[^]*<\/svg>/);
      expect(svg).not.toMatch(/NaN|undefined/);
    }
  });

  it('tells of candidates every metric that was measured, and who is served how well', async () => {
    const [, markdown] = await pages();
    const rowOf = (name: string) => markdown.split('\n').filter((line) => line.startsWith(`| ${name} |`));
    expect(markdown).toContain(
      '| recall@1 | recall@3 | recall@6 | recall@6 of users | precision@1 | hit rate@1 | MAP@6 | MAP@6 of users | NDCG@1 | coverage@6 | novelty |',
    );
    const model = json.candidates!.scorers.find(({ kind }) => kind === 'model')!;
    const [metrics, cohorts, hitRates, ndcg] = rowOf('**model**');
    const atFirstK = ({ metrics: { precision, hitRate } }: typeof model) => [precision[0].value, hitRate[0].value];
    for (const value of [...atFirstK(model), model.overUsers!.map.at(-1)!.value])
      expect(metrics).toContain(` ${value.toFixed(4)} |`);
    expect(metrics).toContain(` ${model.noveltyBits.toFixed(1)} bits |`);
    for (const { recall, hitRate, ndcg: gains } of model.cohorts) {
      expect(cohorts).toContain(` ${recall.at(-1)!.value.toFixed(4)} |`);
      expect(hitRates).toContain(` ${hitRate![0].value.toFixed(4)} |`);
      expect(ndcg).toContain(` ${gains![0].value.toFixed(4)} |`);
    }
    for (const title of ['Recall@6', 'Hit rate@1', 'NDCG@1']) expect(markdown).toContain(`### ${title} by cohort`);
    for (const { cohort, queries } of model.cohorts)
      expect(markdown).toContain(`${cohortLabel(cohort, json.candidates!.cohortLimits)} (${queries})`);
  });

  it('tells of ranking the loss, its parts, and how well seconds are promised', async () => {
    const [, markdown] = await pages();
    const { scorers } = json.ranking!;
    for (const { name, weightedPerUserLoss } of scorers) {
      expect(markdown).toContain(name);
      expect(markdown).toContain(weightedPerUserLoss.value.toFixed(4));
    }
    for (const { groupedClickAuc: grouped } of scorers) expect(markdown).toContain(` ${grouped.value.toFixed(4)} (`);
    const { calibration, cohorts } = scorers.find((scorer) => scorer.calibration)!;
    const shown = (ratio: number | null) => (ratio === null ? '–' : ratio.toFixed(2));
    const { decile, position, source, uploadAge } = calibration!;
    for (const rows of [decile, position, source, uploadAge]) {
      expect(rows.length).toBeGreaterThan(0);
      expect(markdown).toContain(`| ${rows.map(({ bucket }) => bucket).join(' | ')} |`);
      expect(markdown).toContain(`| ratio | ${rows.map(({ ratio }) => shown(ratio)).join(' | ')} |`);
    }
    expect(cohorts!.map(({ cohort }) => cohort)).toEqual(expect.arrayContaining(['heavy users', 'new videos']));
    for (const { cohort, impressions, pagesWithPairs, weightedPerUserLoss: loss } of cohorts!) {
      expect(markdown).toContain(`${cohortLabel(cohort, json.ranking!.cohortLimits!)} (${impressions})`);
      if (pagesWithPairs > 0) expect(markdown).toContain(` ${loss.value.toFixed(4)} (`);
    }
  });

  it('draws the curve of each training and of each list', () => {
    const { candidates, ranking } = json;
    const figure = (parts: ReturnType<typeof candidateParts>, name: string) =>
      parts.flatMap((part) => (part.kind === 'figure' && part.name === name ? [part.svg] : []))[0];
    const changed = (change: (report: CandidateReport) => CandidateReport) =>
      candidateParts(change(structuredClone(candidates!)));
    const drawn = candidateParts(candidates!);
    const flatter = changed((report) => ({
      ...report,
      scorers: report.scorers.map((one) => ({
        ...one,
        recallCurve: one.recallCurve.map((recall) => recall / 2),
        training: one.training?.map((training) => ({
          ...training,
          epochs: training.epochs.map((epoch) => ({ ...epoch, loss: epoch.loss + epoch.epoch })),
        })),
      })) as CandidateReport['scorers'],
    }));
    for (const name of ['candidates-recall', 'candidates-loss']) {
      expect(figure(flatter, name)).not.toBe(figure(drawn, name));
      expect(figure(flatter, name)).toContain('model');
    }
    // So few viewers choose nothing; of many there is a curve of what chose.
    expect(figure(drawn, 'candidates-validation')).toBeUndefined();
    const recallsOf = (rise: number) =>
      changed((report) => ({
        ...report,
        scorers: report.scorers.map((one) => ({
          ...one,
          training: one.training?.map((training) => ({
            ...training,
            epochs: training.epochs.map((epoch) => ({ ...epoch, validationRecall: rise * epoch.epoch })),
          })),
        })) as CandidateReport['scorers'],
      }));
    expect(figure(recallsOf(0.01), 'candidates-validation')).toContain('model');
    expect(figure(recallsOf(0.01), 'candidates-loss')).toBe(figure(drawn, 'candidates-loss'));
    const untrained = rankingParts({
      ...ranking!,
      scorers: ranking!.scorers.map(({ lossCurve: _curve, calibration: _calibration, ...rest }) => rest),
    });
    expect(figure(untrained, 'ranking-training')).toBeUndefined();
    expect(figure(untrained, 'ranking-calibration')).toBeUndefined();
    const curves = ranking!.scorers.flatMap(({ lossCurve }) => (lossCurve ? [lossCurve] : []));
    expect(curves).toHaveLength(3);
    for (const curve of curves) expect(curve.at(-1)!.loss).toBeLessThan(curve[0].loss);
  });

  it('is written of what was measured before, also where it lacks what came later or JSON has no number', async () => {
    const { overUsers: _means, users: _users, ...older } = json.candidates!.scorers[0];
    const scorers = [{ ...older, noveltyBits: null }, ...json.candidates!.scorers.slice(1)];
    const [first, second] = ['candidates.json', 'ranking.json'].map((name) => join(folder, name));
    await writeFile(
      first,
      JSON.stringify({ ...json, ranking: undefined, candidates: { ...json.candidates, scorers } }),
    );
    await writeFile(second, JSON.stringify({ ...json, candidates: undefined }));
    const again = join(folder, 'again');
    await report(first, second, '--out', again);
    const [, markdown] = await pages(again);
    expect(markdown).toContain('## Candidates');
    expect(markdown).toContain('## Ranking');
    expect(markdown.match(/\| – bits \|/g)).toHaveLength(1);
    await writeFile(second, JSON.stringify({ ...json, formatVersion: 0 }));
    await expect(report(second, '--out', again)).rejects.toThrow('is no report of this version');
    await expect(report('--out', again)).rejects.toThrow('name --archive, or the files');
  });
});
