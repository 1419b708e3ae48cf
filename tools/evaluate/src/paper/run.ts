/** Runs the units that a set of findings asks for, keeps each result in a folder, and says what they come to. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CandidateEngineFactory, defaultCandidateConfig } from '@watchnext/candidate-model';
import { createRandom } from '@watchnext/learning';
import { defaultRankingConfig, type RankingEngineFactory } from '@watchnext/ranking-model';
import type { Progress } from '../progress';
import { commit } from '../report';
import { curvePoints, misplacedShare } from './age-curve';
import { dataCodeKey, unitCodeKey } from './code-key';
import type { PaperData } from './data';
import type { Finding } from './findings';
import type { FindingReport, FormReport, PaperReport } from './report';
import { runUnit } from './run-unit';
import { unitKey, type Unit, type UnitResult } from './units';
import { compareCurveSeeds, compareRows, ratioOf } from './verdict';

/** Raised when what a unit's result holds, or what it is measured on, changes. */
const RESULT_VERSION = 1;

export interface PaperOptions {
  /** What is asked of a log: the paper's findings, or others. */
  readonly findingsOn: (data: PaperData) => readonly Finding[];
  /** Of them. */
  readonly parts: readonly string[];
  readonly seeds: readonly number[];
  /** Where results are kept. */
  readonly workFolder: string;
  /** Stops between two units once so much time has passed; what is done is kept. */
  readonly untilMs: number;
  readonly candidateEngine: CandidateEngineFactory;
  readonly rankingEngine: RankingEngineFactory;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

interface Job {
  readonly data: PaperData;
  readonly unit: Unit;
  readonly seed: number;
}

/** @returns what the finished units show; findings of which a form has not one seed are left out */
export async function runPaper(logs: readonly PaperData[], options: PaperOptions): Promise<PaperReport> {
  const { findingsOn, parts, seeds, workFolder, untilMs, progress, signal } = options;
  const store = new ResultStore(workFolder);
  const madeBy = commit();
  const findings = logs.map((data) => findingsOn(data).filter(({ part }) => parts.includes(part)));
  const jobs = jobsOf(logs, findings, seeds);
  const open = jobs.filter((job) => !store.has(job));
  const task = progress.start(`${jobs.length - open.length} of ${jobs.length} trainings are there`, 'trainings');
  let done = 0;
  for (const job of open) {
    signal.throwIfAborted();
    if (Date.now() >= untilMs) break;
    if (store.has(job)) {
      // Of another run on the same folder, meanwhile.
      done++;
      continue;
    }
    const result = await runUnit(job.unit, job.data, {
      ...options,
      seed: job.seed,
      onProgress: (share, detail) => task.update(done + share, open.length, `${job.data.name}, ${detail}`),
    });
    store.put(job, { ...result, commit: madeBy });
    task.update(++done, open.length);
  }
  task.finish(done < open.length ? `${open.length - done} left for the next run` : undefined);
  return {
    seeds,
    finished: open.length === done,
    logs: logs.map((data, i) => ({
      name: data.name,
      description: data.description,
      findings: findings[i].flatMap((finding) => reportOf(finding, data, seeds, store) ?? []),
    })),
  };
}

/** Each unit once, the first seed of everything first: a run that is stopped early has something of each part. */
function jobsOf(
  logs: readonly PaperData[],
  findings: readonly (readonly Finding[])[],
  seeds: readonly number[],
): Job[] {
  return seeds.flatMap((seed) =>
    logs.flatMap((data, i) => {
      const units = findings[i].flatMap(({ forms }) => forms.map(({ unit }) => unit));
      return [...new Map(units.map((unit) => [unitKey(unit), unit])).values()].map((unit) => ({ data, unit, seed }));
    }),
  );
}

class ResultStore {
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
  }

  has(job: Job): boolean {
    return existsSync(this.pathOf(job));
  }

  get(job: Job): UnitResult | undefined {
    return this.has(job) ? (JSON.parse(readFileSync(this.pathOf(job), 'utf8')) as UnitResult) : undefined;
  }

  put(job: Job, result: UnitResult): void {
    const path = this.pathOf(job);
    writeFileSync(`${path}.new`, JSON.stringify(result));
    renameSync(`${path}.new`, path);
  }

  private pathOf({ data, unit, seed }: Job): string {
    // A default or a line of code that changes makes other trainings of the same units.
    const defaults = JSON.stringify(defaultsOf(unit, data));
    const code = [dataCodeKey(), unitCodeKey(unit.kind)];
    const said = [RESULT_VERSION, ...code, data.name, data.description, unitKey(unit), defaults, seed].join('\n');
    return join(this.folder, `${createHash('sha256').update(said).digest('hex').slice(0, 24)}.json`);
  }
}

function defaultsOf({ kind }: Unit, { candidates, ranking }: PaperData) {
  const { videoCount, training } = candidates;
  return kind === 'ranking'
    ? defaultRankingConfig({ videoCount, exampleCount: ranking.training.length })
    : defaultCandidateConfig({ videoCount, exampleCount: training.length });
}

/** Over the seeds of which every form is there. */
function reportOf(
  finding: Finding,
  data: PaperData,
  seeds: readonly number[],
  store: ResultStore,
): FindingReport | undefined {
  const { forms, metric, orderings, part, title, claim, plot } = finding;
  const bySeed = seeds.flatMap((seed) => {
    const results = forms.map(({ unit }) => store.get({ data, unit, seed }));
    return results.every((result) => result !== undefined) ? [{ seed, results: results as UnitResult[] }] : [];
  });
  if (bySeed.length === 0) return undefined;
  const random = createRandom(1).fork(part);
  const resultsOf = (name: string) => {
    const at = forms.findIndex((form) => form.name === name);
    return bySeed.map(({ results }) => results[at]);
  };
  const formReports = forms.map(({ name }): FormReport => {
    const results = resultsOf(name);
    if (metric === 'misplaced share') {
      const curves = results.map(({ curve }) => curve!);
      return { name, bySeed: curves.map(({ users }) => misplacedShare(users)), curve: curvePoints(curves[0]) };
    }
    const rows = results.map(({ metrics }) => metrics[metric]);
    const { low, high } = ratioOf(rows).interval(random);
    const recall = results.every(({ metrics }) => metrics.recall)
      ? { recall: ratioOf(results.map(({ metrics }) => metrics.recall)).value() }
      : {};
    return { name, bySeed: rows.map((one) => ratioOf([one]).value()), interval95: [low, high], ...recall };
  });
  const orderingReports = orderings.map((ordering) => {
    const { better, worse } = ordering;
    const [first, second] = [resultsOf(better), resultsOf(worse)];
    const comparison =
      metric === 'misplaced share'
        ? compareCurveSeeds(
            first.map(({ curve }) => curve!),
            second.map(({ curve }) => curve!),
            random,
          )
        : compareRows(
            first.map(({ metrics }) => metrics[metric]),
            second.map(({ metrics }) => metrics[metric]),
            metric === 'weighted per-user loss',
            random,
          );
    return { ...ordering, ...comparison };
  });
  return {
    part,
    title,
    claim,
    metric,
    plot,
    seeds: bySeed.map(({ seed }) => seed),
    recallK: data.candidates.recallK,
    forms: formReports,
    orderings: orderingReports,
    commits: [...new Set(bySeed.flatMap(({ results }) => results).map((one) => one.commit ?? 'unknown'))].sort(),
    processorSeconds: bySeed.flatMap(({ results }) => results).reduce((sum, one) => sum + one.processorSeconds, 0),
  };
}
