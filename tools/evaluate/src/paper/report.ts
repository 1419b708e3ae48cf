/** What the paper's experiments came to, as `--json` writes it. */
import type { CurvePoint } from './age-curve';
import type { Finding, Ordering } from './findings';
import type { Comparison } from './verdict';

export interface PaperReport {
  /** Asked for; a finding says which of them it has. */
  readonly seeds: readonly number[];
  /** False: some trainings are left for another run. */
  readonly finished: boolean;
  readonly cost: PaperCost;
  readonly logs: readonly {
    readonly name: string;
    readonly description: string;
    readonly findings: readonly FindingReport[];
  }[];
}

/** Of what the report stands on. */
export interface PaperCost {
  /** Each once, however many findings share it. */
  readonly trainings: number;
  /** For training and asking, of all threads. */
  readonly trainingProcessorSeconds: number;
  /** The runs that it was made in, from raw data on, with whatever else they trained. */
  readonly sittings: number;
  readonly clockSeconds: number;
  readonly processorSeconds: number;
}

export interface FindingReport extends Pick<Finding, 'part' | 'title' | 'claim' | 'note' | 'metric' | 'plot'> {
  readonly seeds: readonly number[];
  readonly recallK: number;
  readonly forms: readonly FormReport[];
  readonly orderings: readonly (Ordering & Comparison)[];
  /** Of the code that trained, each once. */
  readonly commits: readonly string[];
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
