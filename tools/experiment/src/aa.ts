/**
 * A/A tests of the archive: its users are split again and again by the assignment that serves, and each split is judged as a report
 * judges one. The archive is read once, into what each user adds to the moments on each day; a split sums these up anew.
 */
import { setImmediate } from 'node:timers/promises';
import type { ProgressTask } from '@watchnext/command-line';
import { TOPICS } from '@watchnext/contract';
import { spanOfDays } from '@watchnext/evaluation';
import type { EventArchive } from '@watchnext/event-archive';
import {
  type AaMetric,
  type AaOutcome,
  type AaSampleRatio,
  type AaSettings,
  checkExperiments,
  checkSampleRatio,
  estimateEffect,
  type Experiment,
  FEWEST_USERS,
  judgeAa,
  judgeAaSampleRatio,
  METRIC_NAMES,
  metricOf,
  type MetricName,
  metricResult,
  type Moments,
  type SampleRatioCheck,
  type TestSettings,
  testSettings,
} from '@watchnext/experiments';
import { DAY_MS } from '@watchnext/features';
import { READING, type TaskStarter, withTask } from './archive-progress';
import { needAttribution, untoldParts } from './exposure-tables';
import { day, whole } from './format';
import { drawVariants, ReplayLog } from './replay-log';
import { InterleavedError, smallestOf, treatmentsOf } from './treatments';
import { readUserDays } from './user-days';

export interface AaOptions {
  /** Undefined: an even split of all users, judged by the defaults of a definition. */
  readonly experiment?: Experiment;
  /** Undefined: all of those that vary. */
  readonly metrics?: readonly MetricName[];
  /** Days of the archive, before `untilMs`. */
  readonly days: number;
  readonly untilMs: number;
  readonly replicates: number;
  readonly seed: number;
}

export interface AaReport extends Pick<AaOptions, 'replicates' | 'seed' | 'days'> {
  readonly experiment: Experiment;
  readonly control: string;
  /** That with the fewest users. */
  readonly treatment: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly users: number;
  /** Parts of the audience that the archive does not tell. */
  readonly notMeasured: readonly string[];
  readonly settings: AaSettings;
  readonly metrics: readonly AaMetric[];
  /** Metrics that are the same for all users, and so cannot differ by chance. */
  readonly constant: readonly MetricName[];
  readonly sampleRatio: AaSampleRatio;
  readonly isSound: boolean;
}

/** Of the whole check: about how often it calls a sound analysis unsound. Its single checks share it (Bonferroni). */
const ERROR = 0.01;
/** Each metric is held against three promises, and the sample ratio against two. */
const checkCount = (metricCount: number) => 3 * metricCount + 2;

/** Names the option that is at fault, and what to give it. */
export class NothingToCheckError extends Error {}

const NO_EXPERIMENT = checkExperiments({
  layers: [{ name: 'aa', salt: 'aa' }],
  experiments: [
    {
      name: 'aa',
      hypothesis: 'Variants that are served alike do not differ.',
      layer: 'aa',
      salt: 'aa',
      start: '2000-01-01T00:00:00Z',
      stop: '2000-01-02T00:00:00Z',
      variants: [
        { name: 'a', share: 0.5 },
        { name: 'a-again', share: 0.5 },
      ],
    },
  ],
}).experiments[0];

/**
 * @param judge the report's, of one metric; another one to see whether it would be caught
 * @throws NothingToCheckError, InterleavedError, NoTreatmentError; EventArchiveError
 */
export async function checkAa(
  archive: EventArchive,
  options: AaOptions,
  start: TaskStarter,
  judge: typeof metricResult = metricResult,
): Promise<AaReport> {
  const { experiment = NO_EXPERIMENT, days, replicates, seed, untilMs } = options;
  if (experiment.design === 'interleaved')
    throw new InterleavedError(
      experiment,
      'lists of an interleaved experiment are of both variants: there are no users to split',
    );
  const treatments = treatmentsOf(experiment);
  const { audience, covariateDays, power, variants } = experiment;
  const treatment = smallestOf(variants, treatments);
  const fromMs = untilMs - days * DAY_MS;
  const isAttributed = needAttribution(options.metrics ?? METRIC_NAMES);
  const exposure = { experiment: undefined, audience, startMs: fromMs, endMs: untilMs, covariateDays, isAttributed };
  const log = new ReplayLog(await withTask(start, READING, (task) => readUserDays(archive, exposure, task)));
  const users = log.userIds.length;
  const window = `from ${day(fromMs)} to ${new Date(untilMs).toISOString()}`;
  await requireUsers(archive, users, experiment, treatment, window);
  const everyone = log.split(new Int8Array(users), 1)[0].at(-1)!;
  const constant = METRIC_NAMES.filter((name) => isConstant(everyone, name));
  const metrics = chooseMetrics(options.metrics, constant, users, window);

  const test = testSettings(experiment, treatments.length);
  const question: Question = { experiment, treatment, metrics, judge, test };
  const splits = await withTask(start, ['A/A tests', 'splits'], (task) => splitAgain(log, question, options, task));
  const settings: AaSettings = { alpha: test.alpha, power, error: ERROR / checkCount(metrics.length) };
  const judged = metrics.map((name, at) =>
    judgeAa(
      name,
      splits.map(({ outcomes }) => outcomes[at]),
      settings,
    ),
  );
  requireJudged(options.metrics, judged, replicates, window);
  const sampleRatio = judgeAaSampleRatio(
    splits.map(({ ratios }) => ratios),
    settings.error,
  );
  return {
    ...{ experiment, control: variants[0].name, treatment: variants[treatment].name },
    ...{ fromMs, untilMs, days, replicates, seed, users, settings, constant, sampleRatio },
    notMeasured: untoldParts(audience),
    metrics: judged,
    isSound: [sampleRatio, ...judged].every(({ objections }) => objections.length === 0),
  };
}

interface Question {
  readonly experiment: Experiment;
  readonly treatment: number;
  readonly metrics: readonly MetricName[];
  readonly judge: typeof metricResult;
  readonly test: TestSettings;
}

interface Split {
  /** In the order of the metrics. */
  readonly outcomes: readonly AaOutcome[];
  /** At each look. */
  readonly ratios: readonly SampleRatioCheck[];
}

async function splitAgain(
  log: ReplayLog,
  { experiment, treatment, metrics, judge, test }: Question,
  { seed, replicates }: Pick<AaOptions, 'seed' | 'replicates'>,
  task: ProgressTask,
): Promise<Split[]> {
  const { variants } = experiment;
  const shared = variants.flatMap(({ share }, index) => (share > 0 ? [index] : []));
  const shares = shared.map((index) => variants[index].share);
  const splits: Split[] = [];
  while (splits.length < replicates) {
    const drawn = drawVariants(experiment, log.userIds, `aa ${seed} ${splits.length}`);
    const byVariant = log.split(drawn, variants.length);
    const looks = byVariant[0].map((control, at) => ({ control, treatment: byVariant[treatment][at] }));
    const outcomes = metrics.map((name): AaOutcome => {
      const { looks: judged, p } = judge(name, looks, experiment, test);
      return { look: judged.at(-1)!, p };
    });
    const countsAt = (at: number) => shared.map((index) => byVariant[index][at].userCount);
    splits.push({ outcomes, ratios: looks.map((_, at) => checkSampleRatio(countsAt(at), shares)) });
    task.update(splits.length, replicates);
    // Progress is drawn, and signals are heard, between splits.
    await setImmediate();
  }
  return splits;
}

/** @throws NothingToCheckError where a split has too few users for a report to say anything */
async function requireUsers(
  archive: EventArchive,
  users: number,
  { audience, variants, layerPart }: Experiment,
  treatment: number,
  window: string,
): Promise<void> {
  const share = (layerPart[1] - layerPart[0]) * Math.min(variants[0].share, variants[treatment].share);
  const fewest = Math.ceil(FEWEST_USERS / share);
  if (users >= fewest) return;
  // But for strays: who chooses a window by a clock that is years ahead would find nobody there.
  const { fromMs, toMs } = spanOfDays((await archive.extent(TOPICS.activity)).days);
  const whose = Object.keys(audience).length > 0 ? ' of the audience' : '';
  const found = users === 1 ? `1 user${whose} was` : `${users === 0 ? 'no' : whole(users)} users${whose} were`;
  throw new NothingToCheckError(
    `${found} served ${window}, and a split takes ${whole(fewest)}, as each variant needs ${FEWEST_USERS}: choose another window with --days and --until; ` +
      `the archive has events from ${day(fromMs)} to ${day(toMs)}`,
  );
}

function isConstant(everyone: Moments, name: MetricName): boolean {
  return !(estimateEffect(everyone, everyone, metricOf(name), { adjust: false }).differenceError > 0);
}

/** @throws NothingToCheckError where one that is asked for cannot differ */
function chooseMetrics(
  asked: readonly MetricName[] | undefined,
  constant: readonly MetricName[],
  users: number,
  window: string,
): readonly MetricName[] {
  const chosen = asked ?? METRIC_NAMES.filter((name) => !constant.includes(name));
  const never = chosen.filter((name) => constant.includes(name));
  if (never.length > 0 || chosen.length === 0)
    throw new NothingToCheckError(
      `${(chosen.length === 0 ? constant : never).join(', ')}: the same for all ${whole(users)} users ${window}, so no two variants can differ; ` +
        'leave it out of --metrics, or choose a window in which it varies with --days and --until',
    );
  return chosen;
}

/** @throws NothingToCheckError where one that is asked for, or all, say too little to be judged */
function requireJudged(
  asked: readonly MetricName[] | undefined,
  judged: readonly AaMetric[],
  replicates: number,
  window: string,
): void {
  const unknown = judged.filter(({ oneLook }) => oneLook === undefined);
  if (unknown.length === 0 || (asked === undefined && unknown.length < judged.length)) return;
  throw new NothingToCheckError(
    `${unknown.map(({ metric, judged: count }) => `${metric} (judged in ${count} of ${replicates} splits)`).join(', ')}: too few users or events ${window} for a report to say anything; ` +
      'take more days with --days, or leave it out of --metrics',
  );
}
