/** Runs the units that a set of findings asks for, keeps each result in a folder, and says what they come to. */
import { createRandom } from '@watchnext/learning';
import { commit } from '@watchnext/plots';
import type { Progress } from '../progress';
import { curvePoints, misplacedShare } from './age-curve';
import type { PaperData } from './data';
import type { Finding } from './findings';
import { plannedSeconds, planText } from './plan';
import { processorSecondsHere } from './processor-time';
import type { FindingReport, FormReport, PaperCost, PaperReport } from './report';
import { type Job, ResultStore } from './result-store';
import type { UnitRunner } from './runners';
import { Sittings } from './sittings';
import { recallKOf, trainedAs } from './trained-as';
import { unitKey, type UnitResult } from './units';
import { compareCurveSeeds, compareRows, ratioOf } from './verdict';

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
  /** Each does one unit at a time. */
  readonly runners: readonly UnitRunner[];
  /** Names of the logs that this process made ready before. */
  readonly prepared?: readonly string[];
  /** Told what is about to be done, and how long it may take. */
  readonly onPlan?: (text: string) => void;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** @returns what the finished units show; findings of which a form has not one seed are left out */
export async function runPaper(logs: readonly PaperData[], options: PaperOptions): Promise<PaperReport> {
  const { findingsOn, parts, seeds, workFolder, runners, onPlan } = options;
  const store = new ResultStore(workFolder);
  const findings = logs.map((data) => findingsOn(data).filter(({ part }) => parts.includes(part)));
  const jobs = jobsOf(logs, findings, seeds);
  const open = jobs.filter((job) => !store.has(job));
  const planned = logs.map((data) => {
    const own = open.filter((job) => job.data === data);
    return {
      name: data.name,
      trainings: own.length,
      seconds: own.reduce((sum, { unit }) => sum + plannedSeconds(unit, data), 0),
    };
  });
  onPlan?.(planText(planned, jobs.length - open.length, runners.length));
  const left = await runJobs(open, jobs.length, store, options);
  return {
    seeds,
    finished: left === 0,
    cost: costOf(jobs, store, new Sittings(workFolder)),
    logs: logs.map((data, i) => ({
      name: data.name,
      description: data.description,
      findings: findings[i].flatMap((finding) => reportOf(finding, data, seeds, store) ?? []),
    })),
  };
}

/** @returns how many were left because the time was up */
async function runJobs(
  open: readonly Job[],
  jobCount: number,
  store: ResultStore,
  { workFolder, untilMs, runners, prepared = [], progress, signal }: PaperOptions,
): Promise<number> {
  const sittings = new Sittings(workFolder);
  const startedAtMs = Math.round(performance.timeOrigin);
  const noteSitting = () => {
    const apart = runners.reduce((sum, one) => sum + one.processorSeconds(), 0);
    const processorSeconds = processorSecondsHere() + apart;
    sittings.note({ startedAtMs, untilMs: Date.now(), processorSeconds, ...(prepared.length > 0 ? { prepared } : {}) });
  };
  if (prepared.length > 0) noteSitting();
  const madeBy = commit();
  const task = progress.start(`${jobCount - open.length} of ${jobCount} trainings are there`, 'planned seconds');
  const seconds = open.map(({ unit, data }) => plannedSeconds(unit, data));
  const total = seconds.reduce((sum, one) => sum + one, 0);
  const shares = new Float64Array(open.length);
  let next = 0;
  let done = 0;
  const tell = (detail: string) => {
    const worked = shares.reduce((sum, share, i) => sum + share * seconds[i], 0);
    task.update(Math.round(worked), Math.round(total), `${done} of ${open.length} trainings${detail}`);
  };
  const failed = new AbortController();
  const work = async (runner: UnitRunner) => {
    while (next < open.length && Date.now() < untilMs) {
      signal.throwIfAborted();
      if (failed.signal.aborted) return;
      const at = next++;
      const job = open[at];
      // It may be there of another run on the same folder, meanwhile.
      if (!store.has(job)) {
        const result = await runner.run(job, (share, detail) => {
          shares[at] = share;
          tell(`; ${job.data.name}, ${detail}`);
        });
        store.put(job, { ...result, commit: madeBy, sittingMs: startedAtMs });
        noteSitting();
      }
      shares[at] = 1;
      done++;
      tell('');
    }
  };
  await Promise.all(
    runners.map((runner) =>
      work(runner).catch((error: unknown) => {
        failed.abort();
        throw error;
      }),
    ),
  );
  const left = open.length - done;
  task.finish(left > 0 ? `${left} left for the next run` : undefined);
  return left;
}

/** Each training once, the first seed of everything first: a run that is stopped early has something of each part. */
function jobsOf(
  logs: readonly PaperData[],
  findings: readonly (readonly Finding[])[],
  seeds: readonly number[],
): Job[] {
  return seeds.flatMap((seed) =>
    logs.flatMap((data, i) => {
      const units = findings[i].flatMap(({ forms }) => forms.map(({ unit }) => trainedAs(unit, data)));
      return [...new Map(units.map((unit) => [unitKey(unit), unit])).values()].map((unit) => ({ data, unit, seed }));
    }),
  );
}

function costOf(jobs: readonly Job[], store: ResultStore, sittings: Sittings): PaperCost {
  const results = jobs.flatMap((job) => store.get(job) ?? []);
  return {
    trainings: results.length,
    trainingProcessorSeconds: results.reduce((sum, one) => sum + one.processorSeconds, 0),
    ...sittings.sumOf(
      results.flatMap(({ sittingMs }) => sittingMs ?? []),
      [...new Set(jobs.map(({ data }) => data.name))],
    ),
  };
}

/** Over the seeds of which every form is there. */
function reportOf(
  finding: Finding,
  data: PaperData,
  seeds: readonly number[],
  store: ResultStore,
): FindingReport | undefined {
  const { forms, metric, orderings, part, title, claim, note, plot } = finding;
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
    ...(note === undefined ? {} : { note }),
    metric,
    plot,
    seeds: bySeed.map(({ seed }) => seed),
    recallK: recallKOf(data),
    forms: formReports,
    orderings: orderingReports,
    commits: [...new Set(bySeed.flatMap(({ results }) => results).map((one) => one.commit ?? 'unknown'))].sort(),
  };
}
