/**
 * Experiments replayed on what the viewers of the simulated world did: split again and again by the assignment that
 * serves, judged by the statistics that report. Without an effect, with one that was planted, and with things gone wrong.
 */
import { percent, textTable } from '@watchnext/command-line';
import { temporaryFolder } from '@watchnext/end-to-end';
import { drawVariants, planFrom, readUserDays, ReplayLog, type UserDay } from '@watchnext/experiment';
import {
  checkExperiments,
  checkQuality,
  checkSampleRatio,
  type Experiment,
  hashPoint,
  holdRate,
  look,
  type Look,
  metricOf,
  type MetricName,
  type Moments,
  type PromisedRate,
  testSettings,
} from '@watchnext/experiments';
import { DAY_MS } from '@watchnext/features';
import { DEFAULT_WORLD, World } from '@watchnext/simulator';
import { report, type BenchReport } from '../report';
import { archiveHistory } from './simulated-archive';

export interface ReplayOptions {
  readonly seed: number;
  readonly users: number;
  readonly videos: number;
  /** Days of the experiment; a week before it gives the covariate. */
  readonly days: number;
  readonly replays: number;
}

const COVARIATE_DAYS = 7;
const END_MS = Date.UTC(2026, 10, 23);
const JUDGED: readonly MetricName[] = [
  'watchSecondsPerUser',
  'watchSecondsPerImpression',
  'clicksPerImpression',
  'dismissalsPerImpression',
];
/** How often a rate that is as promised may be called broken. */
const RATE_ERROR = 0.001;
const PRIMARY = metricOf('watchSecondsPerUser');

export interface Rate {
  readonly name: string;
  /** What it should be: a rate, or a bound. */
  readonly promised: string;
  readonly count: number;
  readonly of: number;
  readonly rate: number;
  /** Where a true rate of what was promised would put it in 99.9% of such benchmarks. */
  readonly interval: readonly [number, number];
  readonly kept: boolean;
}

export async function benchReplays(options: ReplayOptions): Promise<{ result: BenchReport; text: string }> {
  const days = await simulatedDays(options);
  const { rates, plan, peekingAtFixedIntervals } = replay(days, options.replays);
  const text = [
    `${plan.users} users, ${options.days} days, ${options.replays} replays; a lift of ${percent(plan.lift, 2)} is found with power 0.8 at one look; the covariate takes away ${percent(plan.varianceReduction, 0)} of the variance`,
    textTable(
      ['', 'promised', 'found', 'would be by chance', ''],
      rates.map(({ name, promised, count, of, rate, interval: [low, high], kept }) => [
        name,
        promised,
        `${percent(rate)} (${count} of ${of})`,
        `${percent(low)} to ${percent(high)}`,
        kept ? 'kept' : 'NOT KEPT',
      ]),
    ),
    `Of the A/A tests, ${percent(peekingAtFixedIntervals)} show a difference on some day to whoever looks daily at intervals meant for one look.`,
  ].join('\n\n');
  return { result: report('experiments replays', { ...options }, { rates, plan, peekingAtFixedIntervals }), text };
}

/** What the viewers of a world did from its second week on, read through the archive as a report reads it. */
export async function simulatedDays({ seed, users, videos, days }: Omit<ReplayOptions, 'replays'>): Promise<UserDay[]> {
  const { path: folder, remove } = temporaryFolder('replays');
  try {
    const dayCount = COVARIATE_DAYS + days;
    const world = new World({
      ...DEFAULT_WORLD,
      seed,
      viewerCount: users,
      videoCount: videos,
      dayCount,
      endMs: END_MS,
    });
    const archive = await archiveHistory(folder, world);
    try {
      return await readUserDays(archive, {
        experiment: undefined,
        startMs: END_MS - days * DAY_MS,
        endMs: END_MS,
        covariateDays: COVARIATE_DAYS,
      });
    } finally {
      await archive.close();
    }
  } finally {
    await remove();
  }
}

const experimentWith = (salt: string, minimumLift: number): Experiment =>
  checkExperiments({
    layers: [{ name: 'all', salt: 'all' }],
    experiments: [
      {
        name: 'replayed',
        hypothesis: 'What was planted is found, and nothing else.',
        layer: 'all',
        salt,
        start: '2026-11-01T00:00:00Z',
        stop: '2026-12-01T00:00:00Z',
        minimumLift,
        variants: [
          { name: 'control', share: 0.5 },
          { name: 'treatment', share: 0.5 },
        ],
      },
    ],
  }).experiments[0];

class Tally {
  readonly counts = new Map<string, { count: number; of: number }>();

  add(name: string, isSo: boolean): void {
    const entry = this.counts.get(name) ?? { count: 0, of: 0 };
    this.counts.set(name, { count: entry.count + (isSo ? 1 : 0), of: entry.of + 1 });
  }

  rate(name: string, promised: number, kind: PromisedRate['kind']): Rate {
    const { count, of } = this.counts.get(name)!;
    const { rate, range, kept } = holdRate({ promised, kind }, count, of, RATE_ERROR);
    const words = { is: '', 'at-most': 'at most ', 'at-least': 'at least ' }[kind];
    const told = `${words}${percent(promised)}`;
    return { name, promised: told, count, of, rate, interval: [range.low, range.high], kept };
  }
}

/** The same days with watch seconds multiplied by 1 + lift, which may differ from user to user. */
function withLift(days: readonly UserDay[], liftOf: (userId: string) => number): UserDay[] {
  return days.map(({ userId, day, numbers }) => {
    const factor = 1 + liftOf(userId);
    return {
      userId,
      day,
      numbers: {
        ...numbers,
        watchSeconds: numbers.watchSeconds * factor,
        attributedWatchSeconds: numbers.attributedWatchSeconds * factor,
      },
    };
  });
}

export function replay(days: readonly UserDay[], replays: number) {
  const log = new ReplayLog(days);
  const pooled = log.split(new Int8Array(log.userIds.length), 1)[0];
  const template = experimentWith('plan', 0.02);
  const { smallestLift } = planFrom(pooled, template, 0.02);
  const plan = planFrom(pooled, experimentWith('plan', smallestLift), smallestLift);
  const settings = testSettings(experimentWith('plan', smallestLift));
  const last = log.dayCount - 1;
  const tally = new Tally();
  const zero = ({ low, high }: { low: number; high: number }, truth = 0) => low <= truth && truth <= high;
  const looksOf = (split: Moments[][], metric = PRIMARY): Look[] =>
    split[0].map((control, day) => look(control, split[1][day], metric, settings));

  const lifted = new ReplayLog(withLift(days, () => smallestLift));
  // A lift of one viewer is not that of another: from none to twice the mean.
  const uneven = new ReplayLog(withLift(days, (userId) => 2 * smallestLift * hashPoint('lift', userId)));
  const everyone = new Int8Array(log.userIds.length).fill(0);
  const truths = log.split(everyone, 1)[0].map((moments, day) => {
    const treated = uneven.split(everyone, 1)[0][day];
    return treated.sum('watchSeconds') / moments.sum('watchSeconds') - 1;
  });

  for (let run = 0; run < replays; run++) {
    const variants = drawVariants(template, log.userIds, `salt ${run}`);
    const same = log.split(variants, 2);
    for (const name of JUDGED) {
      const looks = looksOf(same, metricOf(name));
      tally.add(`A/A, one look: ${metricOf(name).label}`, !zero(looks[last].fixedInterval));
      tally.add(
        `A/A, daily looks: ${metricOf(name).label}`,
        looks.some((one) => !zero(one.alwaysValidInterval)),
      );
    }
    const plain = looksOf(same);
    tally.add(
      'A/A, daily looks at intervals meant for one',
      plain.some((one) => !zero(one.fixedInterval)),
    );
    tally.add(
      'A/A, sample ratio, daily looks',
      same[0].some((control, day) => !checkSampleRatio([control.userCount, same[1][day].userCount], [1, 1]).passed),
    );
    const found = looksOf(log.split(variants, 2, [undefined, lifted]));
    tally.add('planted lift found, one look', found[last].fixedInterval.low > 0);
    tally.add(
      'planted lift found, daily looks',
      found.some((one) => one.alwaysValidInterval.low > 0),
    );
    const true_ = looksOf(log.split(variants, 2, [undefined, uneven]));
    tally.add('interval of one look covers the truth', zero(true_[last].fixedInterval, truths[last]));
    tally.add(
      'always-valid intervals cover the truth on all days',
      true_.every((one, day) => zero(one.alwaysValidInterval, truths[day])),
    );
    plantTrouble(tally, variants, run);
  }
  const aa = (looks: string) => JUDGED.map((name) => `A/A, ${looks}: ${metricOf(name).label}`);
  const rates = [
    ...aa('one look').map((name) => tally.rate(name, 0.05, 'is')),
    ...aa('daily looks').map((name) => tally.rate(name, 0.05, 'at-most')),
    tally.rate('A/A, sample ratio, daily looks', 0.01, 'at-most'),
    tally.rate('planted lift found, one look', plan.fixedPowers[last], 'is'),
    tally.rate('planted lift found, daily looks', plan.alwaysValidPowers[last], 'is'),
    tally.rate('interval of one look covers the truth', 0.95, 'is'),
    tally.rate('always-valid intervals cover the truth on all days', 0.95, 'at-least'),
    tally.rate('planted loss of users is caught', 0.95, 'at-least'),
    tally.rate('planted bots are taken for the reason', 0.99, 'at-least'),
  ];
  const peeking = tally.counts.get('A/A, daily looks at intervals meant for one')!;
  return { rates, plan, peekingAtFixedIntervals: peeking.count / peeking.of };
}

const BOT_SHARE = 0.2;
/** Of the treatment's users so many are lost before anything of them is logged that the split is off by eight errors. */
const lostShare = (userCount: number) => Math.min(0.9, (8 * 2) / Math.sqrt(userCount));

/** Lost users, and programs that come in one variant only: each must be caught, and told from the other. */
function plantTrouble(tally: Tally, variants: Int8Array, run: number): void {
  const counts = [0, 0];
  const lost = [0, 0];
  variants.forEach((variant, user) => {
    counts[variant]++;
    if (variant === 0 || hashPoint('lost', String(run), String(user)) >= lostShare(variants.length)) lost[variant]++;
  });
  const experiment = experimentWith('x', 0.02);
  const none = { machines: [0, 0], inSeveralVariants: 0, merged: [0, 0], mergedAcross: 0, segments: [] };
  tally.add(
    'planted loss of users is caught',
    checkQuality(experiment, { ...none, users: lost }).objections.length > 0,
  );
  const bots = Math.round(BOT_SHARE * counts[1]);
  const withBots = checkQuality(experiment, { ...none, users: [counts[0], counts[1] + bots], machines: [0, bots] });
  const isNamed = withBots.warnings.some((warning) => /behave as no person does/.test(warning));
  tally.add('planted bots are taken for the reason', isNamed && withBots.objections.length === 0);
}
