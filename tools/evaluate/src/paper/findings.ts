/** What the paper found, and which trainings beside each other show whether it is found here. */
import { HISTORY_ENCODERS, needsWatchTimes } from '@watchnext/candidate-model';
import type { PaperData } from './data';
import { FEATURE_SETS, type AgeCurveUnit, type CandidateUnit, type RankingUnit, type Unit } from './units';

export interface Finding {
  /** As --only names it. */
  readonly part: string;
  readonly title: string;
  /** What the paper says, or what WatchNext adds. */
  readonly claim: string;
  /** What is to be known of this log. */
  readonly note?: string;
  /** Of `UnitResult.metrics`, or of its curve. */
  readonly metric: 'map' | 'weighted per-user loss' | 'misplaced share';
  readonly forms: readonly FindingForm[];
  /** The finding itself has a headline, or is the first; the others are steps on the way. */
  readonly orderings: readonly Ordering[];
  /** How the forms are drawn: side by side, or lines over the first part of their names, one for each second part. */
  readonly plot: 'bars' | 'lines' | 'curve';
}

export interface FindingForm {
  readonly name: string;
  readonly unit: Unit;
}

/** Names of forms: the first is the one that should be better. */
export interface Ordering {
  readonly better: string;
  readonly worse: string;
  /** As the summary names it; default, of the first: the finding's title. */
  readonly headline?: string;
}

const candidate = (change: CandidateUnit['change'], more: Partial<CandidateUnit> = {}): CandidateUnit => ({
  kind: 'candidate',
  change,
  features: 'all',
  labels: 'next',
  ...more,
});
const ranking = (change: RankingUnit['change']): RankingUnit => ({
  kind: 'ranking',
  change: { members: 1, calibrated: false, ...change },
});
const ageCurve = (change: AgeCurveUnit['change']): AgeCurveUnit => ({ kind: 'age-curve', change });

/** The paper's towers of depth 0 to 4 on a scale: their last layer has 256 units there. */
const depths = (lastLayer: number) =>
  [[], [1], [2, 1], [4, 2, 1], [8, 4, 2, 1]].map((sizes) => sizes.map((size) => size * lastLayer));
const towerName = (sizes: readonly number[]) => (sizes.length === 0 ? 'linear' : sizes.join('→'));
const steps = (names: readonly string[]): Ordering[] =>
  names.slice(1).map((better, i) => ({ better, worse: names[i] }));

/** The first of each pair: a step may be what a headline compares. */
const withoutRepeats = (orderings: readonly Ordering[]): Ordering[] =>
  orderings.filter(
    (one, i) => orderings.findIndex(({ better, worse }) => better === one.better && worse === one.worse) === i,
  );

/** The findings that a log can show. */
export function findingsOn(data: PaperData): Finding[] {
  return [
    ...(data.candidates.ageDays ? [exampleAge(data)] : []),
    nextWatch(),
    depthAndFeatures(data),
    logQ(data),
    encoders(),
    warmStart(),
    layers(),
    powers(),
    weights(),
  ];
}

/** Of all findings, for the help. */
export const PARTS = [
  'example-age',
  'next-watch',
  'depth-features',
  'log-q',
  'encoders',
  'warm-start',
  'layers',
  'powers',
  'weights',
];

function exampleAge({ candidates: { hasUploads } }: PaperData): Finding {
  return {
    ...(hasUploads
      ? {}
      : {
          note: 'Nothing is uploaded while this log goes on, and what it shows was uploaded within few days of each other: an age is nearly a date, and what can be misplaced is how the few upload days share each date.',
        }),
    part: 'example-age',
    title: 'Example age follows the popularity of an upload (Fig. 4)',
    claim:
      'With the age of the example as an input, the popularity that the model expects of an upload over its days follows the one observed; without, it is the average over the window.',
    metric: 'misplaced share',
    forms: [
      { name: 'with example age', unit: ageCurve({}) },
      { name: 'without example age', unit: ageCurve({ exampleAgeKnots: 0 }) },
    ],
    orderings: [{ better: 'with example age', worse: 'without example age' }],
    plot: 'curve',
  };
}

function nextWatch(): Finding {
  const change = { historyEncoder: 'mean' } as const;
  return {
    part: 'next-watch',
    title: 'Predicting the next watch beats predicting a held-out one (Fig. 5)',
    claim:
      'A label predicted from what came before it serves the next watch better than one predicted from what stands around it, which lets the future leak into the input.',
    metric: 'map',
    forms: [
      { name: 'next watch', unit: candidate(change) },
      { name: 'watch held out at random', unit: candidate(change, { labels: 'random' }) },
    ],
    orderings: [{ better: 'next watch', worse: 'watch held out at random' }],
    plot: 'bars',
  };
}

function depthAndFeatures({ candidates: { hasSearches, hasProfiles } }: PaperData): Finding {
  const towers = depths(64);
  // "All" of a log whose users are all alike is what the set before it has.
  const sets = FEATURE_SETS.filter(
    (set) => (hasSearches || set !== 'searches') && (hasProfiles || set !== 'example age'),
  );
  const forms = towers.flatMap((hiddenSizes) =>
    sets.map((features) => ({
      name: `${towerName(hiddenSizes)}, ${features}`,
      unit: candidate({ historyEncoder: 'mean', hiddenSizes }, { features }),
    })),
  );
  const [linear, , middle] = towers.map(towerName);
  const deepest = towerName(towers[towers.length - 1]);
  return {
    part: 'depth-features',
    title: 'Depth and features help (Fig. 6)',
    claim:
      'Held-out MAP rises with the depth of the tower and with each kind of feature: watches, searches, example age, all.',
    ...(sets.length < FEATURE_SETS.length
      ? {
          note: `This log has ${[...(hasSearches ? [] : ['no searches']), ...(hasProfiles ? [] : ['nothing of who its users are, so that all it has beside watches is the example age'])].join(', and ')}.`,
        }
      : {}),
    metric: 'map',
    forms,
    orderings: withoutRepeats([
      { better: `${middle}, all`, worse: `${middle}, watches`, headline: 'Features help (Fig. 6)' },
      { better: `${deepest}, all`, worse: `${linear}, all`, headline: 'Depth helps (Fig. 6)' },
      ...steps(towers.map((sizes) => `${towerName(sizes)}, all`)),
      ...steps(sets.map((set) => `${middle}, ${set}`)),
    ]),
    plot: 'lines',
  };
}

/** An eighth of the videos: with as many negatives as videos the softmax is whole, and nothing is drawn or corrected. */
export function drawnNegativeCount(videoCount: number): number {
  return Math.max(10, Math.min(1_000, Math.round(videoCount / 8)));
}

function logQ({ candidates: { videoCount } }: PaperData): Finding {
  const negativeCount = drawnNegativeCount(videoCount);
  return {
    part: 'log-q',
    title: 'Sampled negatives need the log-Q correction (§3.1)',
    claim: `Negatives drawn by popularity (${negativeCount} of ${videoCount} videos) are to be corrected by how often they are drawn.`,
    metric: 'map',
    forms: [
      { name: 'with log-Q', unit: candidate({ negativeCount, logQCorrection: true }) },
      { name: 'without log-Q', unit: candidate({ negativeCount, logQCorrection: false }) },
    ],
    orderings: [{ better: 'with log-Q', worse: 'without log-Q' }],
    plot: 'bars',
  };
}

/** All that need no more of a log than its order: the other is among the options. */
const ENCODERS = HISTORY_ENCODERS.filter((historyEncoder) => !needsWatchTimes({ historyEncoder }));

function encoders(): Finding {
  return {
    part: 'encoders',
    title: 'How the history is pooled (beyond the paper)',
    claim:
      'The paper averages the watch history. Weights learned by position, and the last watch beside them, should do better.',
    metric: 'map',
    forms: ENCODERS.map((historyEncoder) => ({ name: historyEncoder, unit: candidate({ historyEncoder }) })),
    orderings: [
      { better: 'position-heads', worse: 'mean' },
      { better: 'mean-and-last', worse: 'mean' },
      { better: 'query-heads', worse: 'position-heads' },
    ],
    plot: 'bars',
  };
}

/** Written out, so that it is the same training as the row of `encoders`. */
const DEFAULT_ENCODER = { historyEncoder: 'position-heads' } as const;

function warmStart(): Finding {
  return {
    part: 'warm-start',
    title: 'Beginning with the model before (beyond the paper)',
    claim:
      'A training that begins with the rows and weights of a model of some days before needs half the epochs: it should be better than half the epochs from nothing, and no worse than all of them.',
    metric: 'map',
    forms: [
      { name: 'all epochs', unit: candidate(DEFAULT_ENCODER) },
      { name: 'half the epochs', unit: candidate(DEFAULT_ENCODER, { epochs: 'half' }) },
      { name: 'half the epochs, warm', unit: candidate(DEFAULT_ENCODER, { epochs: 'warm' }) },
    ],
    orderings: [
      { better: 'half the epochs, warm', worse: 'half the epochs' },
      { better: 'half the epochs, warm', worse: 'all epochs' },
    ],
    plot: 'bars',
  };
}

/** Table 1 of the paper, whose widest tower is 1024→512→256, an eighth as wide. */
const TABLE_1 = [[], [32], [64], [128], [64, 32], [128, 64], [128, 64, 32]];

function layers(): Finding {
  const name = (sizes: readonly number[]) => (sizes.length === 0 ? 'no hidden layer' : sizes.join('→'));
  const forms = TABLE_1.map((hiddenSizes) => ({ name: name(hiddenSizes), unit: ranking({ hiddenSizes }) }));
  return {
    part: 'layers',
    title: 'Wider and deeper ranking towers help (Table 1)',
    claim:
      'The weighted per-user loss falls with width and depth: 41.6% with no hidden layer, 34.6% with 1024→512→256.',
    metric: 'weighted per-user loss',
    forms,
    orderings: [
      { better: '128→64→32', worse: 'no hidden layer' },
      { better: '128', worse: '32' },
      { better: '128→64', worse: '128' },
      { better: '128→64→32', worse: '128→64' },
    ],
    plot: 'bars',
  };
}

function powers(): Finding {
  return {
    part: 'powers',
    title: 'Squares and roots help (§4.1)',
    claim: 'Leaving out x² and √x of the normalised numbers costs 0.2 points of the weighted per-user loss.',
    metric: 'weighted per-user loss',
    forms: [
      { name: 'with powers', unit: ranking({ hiddenSizes: [128, 64] }) },
      { name: 'without powers', unit: ranking({ hiddenSizes: [128, 64], powers: false }) },
    ],
    orderings: [{ better: 'with powers', worse: 'without powers' }],
    plot: 'bars',
  };
}

function weights(): Finding {
  return {
    part: 'weights',
    title: 'Weights by watch time beat equal ones (§4.2)',
    claim:
      'Weighing all positives and negatives the same, so predicting clicks, costs 4.1 points of the weighted per-user loss.',
    metric: 'weighted per-user loss',
    forms: [
      { name: 'expected watch time', unit: ranking({ hiddenSizes: [128, 64] }) },
      { name: "paper's weights", unit: ranking({ hiddenSizes: [128, 64], objective: 'paper' }) },
      { name: 'equal weights', unit: ranking({ hiddenSizes: [128, 64], objective: 'click' }) },
    ],
    orderings: [
      { better: "paper's weights", worse: 'equal weights' },
      { better: 'expected watch time', worse: 'equal weights' },
    ],
    plot: 'bars',
  };
}
