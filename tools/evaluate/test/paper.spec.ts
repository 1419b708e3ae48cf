/** A tiny world through the paper's experiments: stopped, gone on with, judged, written down. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { referenceRankingEngine } from '@watchnext/ranking-model';
import type { ReplayedLog } from '@watchnext/offline';
import { selectBackend, tfjsCandidateEngine } from '@watchnext/tensor';
import { replayFolder } from '../src/data/archive';
import { evaluationDocument, writeReportFolder } from '../src/document/evaluation';
import { type ArchiveSource, openData, type PaperData, paperDataOf } from '../src/paper/data';
import { OPTIONS_PAGE } from '../src/options/command';
import { OPTION_PARTS } from '../src/options/findings';
import { findingsOn, PARTS } from '../src/paper/findings';
import { keepData, keptData } from '../src/paper/data-cache';
import { ResultStore } from '../src/paper/result-store';
import { type PaperOptions, runPaper } from '../src/paper/run';
import { WorkerError } from '@watchnext/threads';
import { runnerApart, runnerHere } from '../src/paper/runners';
import type { UnitResult } from '../src/paper/units';
import type { Progress } from '../src/progress';
import { commit } from '@watchnext/plots';
import { evaluationReport } from '../src/report';
import { PARTITION_COUNT, programOf, writeArchive } from './tiny-archive';

jest.setTimeout(180_000); // for machines under load; it takes some seconds

const finished: string[] = [];
const plans: string[] = [];
const progress: Progress = {
  start: (title) => ({
    update: () => undefined,
    note: () => undefined,
    finish: () => finished.push(title),
    abandon: () => undefined,
  }),
  say: () => undefined,
  warn: () => undefined,
};
const paperProgram = programOf('../src/paper/worker.ts');
const signal = new AbortController().signal;

describe("the paper's experiments", () => {
  let folder: string;
  let replayed: ReplayedLog;
  let data: PaperData;
  let options: PaperOptions;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'watchnext-paper-'));
    replayed = await replayFolder(await writeArchive(folder), { partitionCount: PARTITION_COUNT, signal });
    data = paperDataOf(replayed, {
      name: 'tiny',
      fingerprint: 'of one',
      protocol: { name: 'temporal', testDays: 2, queriesPerUser: 5 },
    });
    options = {
      findingsOn,
      parts: ['example-age', 'log-q'],
      seeds: [1, 2],
      workFolder: join(folder, 'trainings'),
      untilMs: Infinity,
      runners: [
        runnerHere({
          candidateEngine: tfjsCandidateEngine(await selectBackend()),
          rankingEngine: referenceRankingEngine,
          signal,
        }),
      ],
      onPlan: (text) => plans.push(text),
      signal,
      progress,
    };
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('asks only about days that it did not train on', () => {
    const end = Math.max(...data.candidates.training.map(({ labelAtMs }) => labelAtMs));
    expect(Math.min(...data.candidates.queries.map(({ example }) => example.labelAtMs))).toBeGreaterThanOrEqual(end);
    expect(data.candidates).toMatchObject({
      hasUploads: true,
      hasSearches: true,
      hasProfiles: true,
      ageDays: { first: -5, last: 20 },
    });
  });

  it('leaves the test part alone where something is chosen: it asks about as long a time before it', () => {
    const protocol = { name: 'temporal', testDays: 2, queriesPerUser: 5 } as const;
    const { candidates, ranking, description } = paperDataOf(
      replayed,
      { name: 'tiny', fingerprint: '', protocol },
      'validation',
    );
    const times = (examples: readonly { labelAtMs: number }[]) => examples.map(({ labelAtMs }) => labelAtMs);
    const askedMs = times(candidates.queries.map(({ example }) => example));
    const testFromMs = Math.min(...times(data.candidates.queries.map(({ example }) => example)));
    expect(Math.max(...askedMs)).toBeLessThan(testFromMs);
    expect(Math.min(...askedMs)).toBeGreaterThanOrEqual(data.candidates.earlierUntilMs);
    expect(Math.max(...times(candidates.training))).toBeLessThan(data.candidates.earlierUntilMs);
    expect(candidates.earlierUntilMs).toBeLessThan(data.candidates.earlierUntilMs);
    expect(candidates.training.some(({ labelAtMs }) => labelAtMs < candidates.earlierUntilMs)).toBe(true);
    expect(Math.max(...ranking.heldOut.map(({ servedAtMs }) => servedAtMs))).toBeLessThan(data.ranking.heldOutFromMs);
    expect(description).toMatch(/asked about the validation part/);
    expect([OPTIONS_PAGE.asks, OPTIONS_PAGE.findingsOn(data).length]).toEqual(['validation', OPTION_PARTS.length]);
  });

  it('knows every part by name', () => {
    expect(findingsOn(data).map(({ part }) => part)).toEqual(PARTS);
  });

  it('has nothing to say before a training of each form is done', async () => {
    const report = await runPaper([data], { ...options, untilMs: 0 });
    expect(report).toMatchObject({ finished: false, logs: [{ name: 'tiny', findings: [] }] });
  });

  it('keeps what is done, and says the same when asked again', async () => {
    const first = await runPaper([data], options);
    expect(first.finished).toBe(true);
    expect(first.logs[0].findings.map(({ part, seeds }) => [part, seeds])).toEqual([
      ['example-age', [1, 2]],
      ['log-q', [1, 2]],
    ]);
    expect(await readdir(options.workFolder)).toHaveLength(8 + 1); // and the account of what they took
    expect(first.logs[0].findings[0].commits).toEqual([commit()]);
    const { trainings, trainingProcessorSeconds, sittings, clockSeconds, processorSeconds } = first.cost;
    expect({ trainings, sittings }).toEqual({ trainings: 8, sittings: 1 });
    expect(trainingProcessorSeconds).toBeGreaterThan(0);
    expect(processorSeconds).toBeGreaterThan(trainingProcessorSeconds);
    expect(clockSeconds).toBeGreaterThan(0);
    expect(plans.at(-1)).toMatch(/^0 of 8 trainings are there/);
    expect(await runPaper([data], { ...options, untilMs: 0 })).toEqual(first);
    expect(finished.at(-1)).toBe('8 of 8 trainings are there');
  });

  it('replays a log anew where it was imported from other files', async () => {
    const archive = await writeArchive(await mkdtemp(join(folder, 'opened-')));
    let opened = 0;
    const of = async (fingerprint: string) => {
      const source: ArchiveSource = {
        name: 'opened',
        partitionCount: PARTITION_COUNT,
        protocol: { name: 'temporal', testDays: 2, queriesPerUser: 5 },
        fingerprint: async () => fingerprint,
        open: async () => {
          opened++;
          return archive;
        },
      };
      const setting = { part: 'test', workFolder: folder, withWatchTimes: false, progress, signal } as const;
      return (await openData(source, setting)).data;
    };
    expect([(await of('a')).fingerprint, opened]).toEqual(['a', 1]);
    expect([(await of('a')).fingerprint, opened]).toEqual(['a', 1]);
    const other = await of('b');
    expect([other.fingerprint, opened]).toEqual(['b', 2]);
    // Results are kept under what they are of, too.
    const store = new ResultStore(join(folder, 'of-files'));
    const [unit] = findingsOn(data)[0].forms.map(({ unit }) => unit);
    store.put({ data, unit, seed: 1 }, { metrics: {} } as UnitResult);
    expect(store.has({ data, unit, seed: 1 })).toBe(true);
    expect(store.has({ data: { ...data, fingerprint: 'b' }, unit, seed: 1 })).toBe(false);
    for (const file of await readdir(join(folder, 'of-files'))) await writeFile(join(folder, 'of-files', file), '');
    expect(store.has({ data, unit, seed: 1 })).toBe(false);
  });

  it('trains on processes beside each other what it trains in one', async () => {
    const file = join(folder, 'log.data');
    keepData(file, data);
    expect(keptData(file)).toEqual(data);
    expect(keptData(file)!.candidates.training[0].userId).toBe(data.candidates.training[0].userId);
    const runners = [1, 2].map(() => runnerApart(() => file, 1, paperProgram));
    try {
      const apart = { ...options, seeds: [1], parts: ['example-age', 'layers'], workFolder: join(folder, 'apart') };
      const [{ findings }] = (await runPaper([data], { ...apart, runners })).logs;
      expect(findings.map(({ forms }) => forms.length)).toEqual([2, 7]);
      expect(runners.map((runner) => runner.processorSeconds() > 0)).toEqual([true, true]);
      const [alone] = (
        await runPaper([data], {
          ...apart,
          parts: ['layers'],
          workFolder: join(folder, 'alone'),
          runners: runners.slice(0, 1),
        })
      ).logs;
      expect(alone.findings[0].forms).toEqual(findings[1].forms);
    } finally {
      runners.forEach((runner) => runner.close());
    }
  });

  it('stops where a process fails, and says why', async () => {
    const runner = runnerApart(() => join(folder, 'nothing.data'), 1, paperProgram);
    const failing = runPaper([data], { ...options, workFolder: join(folder, 'failing'), runners: [runner] });
    await expect(failing).rejects.toThrow(WorkerError);
    runner.close();
  });

  it('judges each ordering by users and by seeds', async () => {
    const [{ findings }] = (await runPaper([data], { ...options, untilMs: 0 })).logs;
    for (const { orderings, forms } of findings) {
      const [{ gain, interval95, acrossSeeds95, verdict, better, worse }] = orderings;
      const values = (name: string) => forms.find((form) => form.name === name)!.bySeed;
      const means = [better, worse].map((name) => values(name).reduce((sum, value) => sum + value, 0) / 2);
      expect(Math.abs(gain)).toBeCloseTo(Math.abs(means[0] - means[1]), 9);
      expect(interval95[0]).toBeLessThanOrEqual(gain);
      expect(verdict === 'holds').toBe(interval95[0] > 0 && acrossSeeds95![0] > 0);
    }
  });

  it('is written as a page that stands alone and as Markdown with figures', async () => {
    const paper = await runPaper([data], { ...options, untilMs: 0 });
    const out = join(folder, 'report');
    writeReportFolder(evaluationDocument([evaluationReport({ paper })]), out);
    const [html, markdown] = await Promise.all(
      ['report.html', 'report.md'].map((name) => readFile(join(out, name), 'utf8')),
    );
    expect(html).not.toMatch(/https?:|<script|NaN|undefined/);
    const figures = [...markdown.matchAll(/\((figures\/[^)]+)\)/g)].map(([, path]) => path);
    expect(figures.length).toBeGreaterThanOrEqual(2);
    for (const figure of figures) expect(await readFile(join(out, figure), 'utf8')).toContain('<svg');
  });
});
