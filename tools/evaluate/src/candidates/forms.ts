/** Which models a table has rows for. */
import { readFileSync } from 'node:fs';
import {
  candidateForms,
  candidateSettings,
  checkConfig,
  HISTORY_ENCODERS,
  needsWatchTimes,
  type CandidateModelConfig,
  type DataSize,
} from '@watchnext/candidate-model';
import { settingOf } from '../command-arguments';
import { UsageError } from '../exit-codes';

/** A row of the table: what is tried for it, the best on validation being kept. */
export interface Form {
  readonly name: string;
  readonly configs: (size: DataSize) => readonly CandidateModelConfig[];
}

type Change = Partial<CandidateModelConfig>;

/** What the product would train: the forms that fit the data, chosen from by validation. */
const DEFAULT_FORM: Form = { name: 'model', configs: candidateForms };

/** The preferred default with some settings changed; never a choice of encoders, since that is often what is compared. */
function changed(name: string, change: Change): Form {
  return {
    name,
    configs: (size) => [checked({ ...candidateForms(size)[0], ...change })],
  };
}

/** @throws RangeError naming the setting that is none */
function checked(config: CandidateModelConfig): CandidateModelConfig {
  checkConfig(config);
  return config;
}

const COMPARISONS: Readonly<Record<string, readonly Form[]>> = {
  // Of a log's order alone, which a file of sequences has, too.
  encoders: HISTORY_ENCODERS.filter((historyEncoder) => !needsWatchTimes({ historyEncoder })).map((historyEncoder) =>
    changed(historyEncoder, { historyEncoder }),
  ),
  heads: (['position-heads', 'time-heads'] as const).map((historyEncoder) =>
    changed(historyEncoder, { historyEncoder }),
  ),
  temperature: [
    changed('inner products', {}),
    ...[0.1, 0.2, 0.4].map((temperature) => changed(`temperature ${temperature}`, { temperature })),
  ],
  'in-batch': [0, 0.5, 1].map((inBatchShare) => changed(`in-batch share ${inBatchShare}`, { inBatchShare })),
  // Several begin at random, so one does here as well.
  interests: [1, 2, 4].map((interests) =>
    changed(`${interests} user vector${interests === 1 ? '' : 's'}`, { interests, initialWeights: 'random' }),
  ),
  decay: [0, 1e-4, 1e-3, 1e-2].map((tableDecay) => changed(`table decay ${tableDecay}`, { tableDecay })),
  dropout: [
    changed('0.3 and 0.3', {}),
    changed('none', { inputDropout: 0, hiddenDropout: 0 }),
    changed('input only', { hiddenDropout: 0 }),
    changed('hidden only', { inputDropout: 0 }),
  ],
  'initial-weights': [
    changed('from co-watches', { initialWeights: 'co-watches' }),
    changed('from random weights', { initialWeights: 'random' }),
  ],
  'log-q': [changed('with log-Q', { logQCorrection: true }), changed('without log-Q', { logQCorrection: false })],
  'example-age': [changed('with example age', {}), changed('without example age', { exampleAgeKnots: 0 })],
  schedule: [
    changed('constant rate', {}),
    changed('linear', { learningRateDecay: 'linear' }),
    changed('cosine', { learningRateDecay: 'cosine' }),
    changed('warm-up, constant', { learningRateWarmUp: 0.05 }),
    changed('warm-up, cosine', { learningRateWarmUp: 0.05, learningRateDecay: 'cosine' }),
  ],
  depth: [[], [256], [512, 256], [1024, 512, 256], [2048, 1024, 512, 256]].map((hiddenSizes) =>
    changed(hiddenSizes.length === 0 ? 'linear' : hiddenSizes.join('→'), { hiddenSizes }),
  ),
};
export const COMPARISON_NAMES = Object.keys(COMPARISONS);

/** Whether any of them looks at the times of watches. */
export function formsNeedWatchTimes(forms: readonly Form[]): boolean {
  return forms.some(({ configs }) => configs({ videoCount: 1, exampleCount: 1 }).some(needsWatchTimes));
}

export interface FormOptions {
  readonly compare?: string;
  /** A JSON file: [{"name": "…", "config": {…}}, …]. */
  readonly forms?: string;
  /** "setting=value", value as JSON or as text; in every form, whatever it says itself. */
  readonly set?: readonly string[];
}

/** @throws UsageError naming the option, setting or file at fault */
export function formsOf({ compare, forms: file, set }: FormOptions): readonly Form[] {
  const changes = Object.fromEntries((set ?? []).map(parseSetting)) as Change;
  if (compare !== undefined && file !== undefined)
    throw new UsageError('--compare and --forms: each names the rows, so give one of them');
  if (compare !== undefined) {
    const forms = COMPARISONS[compare];
    if (!forms) throw new UsageError(`--compare ${compare}: there are ${COMPARISON_NAMES.join(', ')}`);
    return forms.map((form) => ({
      ...form,
      configs: (size) => form.configs(size).map((config) => checked({ ...config, ...changes })),
    }));
  }
  if (file !== undefined) return readForms(file, changes);
  return set?.length ? [changed(`model (${set.join(', ')})`, changes)] : [DEFAULT_FORM];
}

function parseSetting(text: string): readonly [name: string, value: unknown] {
  const setting = settingOf(text);
  if (!setting) throw new UsageError(`--set ${text}: write setting=value, as epochCount=3`);
  requireSetting(setting[0], `--set ${text}`);
  return setting;
}

function readForms(file: string, changes: Change): readonly Form[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`--forms ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  if (!Array.isArray(parsed) || parsed.length === 0)
    throw new UsageError(`--forms ${file}: it must be a list of {"name": …, "config": {…}}`);
  return parsed.map((entry: { name?: unknown; config?: Change }, i) => {
    if (typeof entry?.name !== 'string') throw new UsageError(`--forms ${file}: entry ${i + 1} has no name`);
    for (const setting of Object.keys(entry.config ?? {})) requireSetting(setting, `--forms ${file}, ${entry.name}`);
    return changed(entry.name, { ...entry.config, ...changes });
  });
}

function requireSetting(name: string, where: string): void {
  const known = candidateSettings();
  if (!known.includes(name))
    throw new UsageError(`${where}: there is no setting "${name}"; there are ${known.join(', ')}`);
}
