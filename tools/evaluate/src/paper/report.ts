/** What the paper's experiments came to, as `--json` writes it. */
import type { CurvePoint } from './age-curve';
import type { Finding, Ordering } from './findings';
import type { Comparison } from './verdict';

export interface PaperReport {
  /** Asked for; a finding says which of them it has. */
  readonly seeds: readonly number[];
  /** False: some trainings are left for another run. */
  readonly finished: boolean;
  readonly logs: readonly {
    readonly name: string;
    readonly description: string;
    readonly findings: readonly FindingReport[];
  }[];
}

export interface FindingReport extends Pick<Finding, 'part' | 'title' | 'claim' | 'metric' | 'plot'> {
  readonly seeds: readonly number[];
  readonly recallK: number;
  readonly forms: readonly FormReport[];
  readonly orderings: readonly (Ordering & Comparison)[];
  /** Of the code that trained, each once. */
  readonly commits: readonly string[];
  /** For training and asking, of all threads. */
  readonly processorSeconds: number;
}

export interface FormReport {
  readonly name: string;
  /** The metric of each seed. */
  readonly bySeed: readonly number[];
  /** Of the mean over seeds, by bootstrap over users. */
  readonly interval95?: readonly [number, number];
  /** Mean over seeds. */
  readonly recall?: number;
  /** Of the first seed. */
  readonly curve?: readonly CurvePoint[];
}
