/** What `--json` writes: typed, so that a report can be drawn from it. NaN and infinity become null. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { CandidateModelConfig } from '@watchnext/candidate-model';
import type { Cohort, CohortLimits, RetrievalMetric } from '@watchnext/evaluation';
import { type Provenance, provenance } from '@watchnext/plots';
import type { Seen } from './candidates/protocol';
import { EvaluationDataError } from './data/watch-data';
import type { PaperReport } from './paper/report';
import type { RankingReport } from './ranking/report';
import { missingOfReport } from './report-shape';
import type { WarmStartReport } from './warm-start/report';

export interface EvaluationReport extends Provenance {
  /** Raised when what is below changes. What came to it later may be absent from what was written before. */
  readonly formatVersion: 1;
  /** The command line, so that anyone can repeat it. */
  readonly command: readonly string[];
  readonly candidates?: CandidateReport;
  readonly ranking?: RankingReport;
  readonly paper?: PaperReport;
  readonly warmStart?: WarmStartReport;
}

export interface CandidateReport {
  readonly source: string;
  readonly protocol: string;
  /** "test", or "validation" while settings are being chosen. */
  readonly part: 'test' | 'validation';
  readonly seen: Seen;
  readonly seeds: readonly number[];
  readonly counts: {
    readonly users: number;
    readonly videos: number;
    readonly trainingWatches: number;
    readonly queries: number;
    /** Held-out watches of a video watched before: no queries when seen videos are left out. */
    readonly rewatches: number;
    /** Of the queries, those whose video nobody watched in training: no scorer can list it. */
    readonly unknownVideos: number;
  };
  readonly cohortLimits: CohortLimits;
  readonly scorers: readonly ScorerReport[];
}

export interface ScorerReport {
  readonly name: string;
  readonly kind: 'model' | 'baseline';
  /** When it was asked: at the end of training, as a service is, or at the time of the label, knowing the global time. */
  readonly askedAt: AskedAt;
  /** Means over queries: who asked more counts more. */
  readonly metrics: Readonly<Record<RetrievalMetric, readonly MetricAtK[]>>;
  /** Means over users, each of whom counts once (macro means). */
  readonly overUsers?: Readonly<Record<RetrievalMetric, readonly MetricAtK[]>>;
  /** What the means are of. */
  readonly users?: readonly UserRow[];
  /** Recall at every k from 1 to the largest k asked for, or to the size of the catalogue. */
  readonly recallCurve: readonly number[];
  /** Share of the catalogue in at least one list, and mean self-information of a place, of lists of the largest k. */
  readonly coverage: number;
  readonly noveltyBits: number;
  readonly cohorts: readonly CohortMetrics[];
  /** Of models, by seed. */
  readonly training?: readonly TrainingReport[];
  /** Of models: recall at the largest k less that of the best baseline asked at the same time, paired on users. */
  readonly againstBestBaseline?: {
    readonly baseline: string;
    readonly k: number;
    readonly difference: number;
    readonly interval95: readonly [number, number];
  };
}

/** Means over a cohort's queries. */
export interface CohortMetrics extends Partial<Readonly<Record<RetrievalMetric, readonly MetricAtK[]>>> {
  readonly cohort: Cohort;
  readonly queries: number;
  readonly recall: readonly MetricAtK[];
}

/** One user's queries: means over them and over seeds, of lists of the largest k. */
export interface UserRow {
  readonly userId: string;
  readonly queries: number;
  readonly recall: number;
  readonly ndcg: number;
  readonly map: number;
}

export type AskedAt = 'end of training' | 'time of the label';

export interface MetricAtK {
  readonly k: number;
  /** Mean over seeds. */
  readonly value: number;
  /** By bootstrap over users. */
  readonly interval95: readonly [number, number];
}

export interface TrainingReport {
  readonly seed: number;
  readonly config: CandidateModelConfig;
  /** Of every form that was tried, the one kept first. */
  readonly tried: readonly {
    readonly historyEncoder: string;
    readonly epochs: number;
    readonly validationRecall: number;
  }[];
  readonly seconds: number;
  readonly epochs: readonly { readonly epoch: number; readonly loss: number; readonly validationRecall?: number }[];
}

export function evaluationReport(
  part: Pick<EvaluationReport, 'candidates' | 'ranking' | 'paper' | 'warmStart'>,
): EvaluationReport {
  return { formatVersion: 1, ...provenance(), command: process.argv.slice(2), ...part };
}

export function writeReport(file: string, report: EvaluationReport): void {
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}

/**
 * What `writeReport` wrote; what JSON has no number for is NaN.
 *
 * @throws EvaluationDataError naming the file
 */
export function readReport(file: string): EvaluationReport {
  let report: Partial<EvaluationReport>;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'), notNull) as Partial<EvaluationReport>;
  } catch (error) {
    throw new EvaluationDataError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  if (report?.formatVersion !== 1)
    throw new EvaluationDataError(`${file} is no report of this version; write it anew with --json`);
  const missing = missingOfReport(report);
  if (missing !== undefined)
    throw new EvaluationDataError(`${file} is damaged: it has no ${missing}; write it anew with --json`);
  return report as EvaluationReport;
}

const notNull = (_: string, value: unknown) => (value === null ? NaN : value);
