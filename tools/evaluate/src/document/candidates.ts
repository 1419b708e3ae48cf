/** The candidate half of a report: table, cohorts, losses, recall by k. */
import { cohortLabel } from '@watchnext/evaluation';
import { type DocumentPart, drawChart, drawIntervals, type Series } from '@watchnext/plots';
import { fixed } from '../text-table';
import type { CandidateReport, ScorerReport, TrainingReport } from '../report';
import { cohortsInWords } from './cohorts';

/** Lines that a plot can hold and still be read: the models, then the best baselines. */
const MOST_LINES = 7;

export function candidateParts(report: CandidateReport): DocumentPart[] {
  const { scorers, counts } = report;
  return [
    { kind: 'heading', level: 2, text: 'Candidates' },
    {
      kind: 'text',
      text:
        `\`${report.source}\`, ${report.protocol}; ${report.part}, seeds ${report.seeds.join(', ')}. ${counts.trainingWatches} watches of ` +
        `${counts.videos} videos to learn from, ${counts.queries} queries of ${counts.users} users, ranked over the whole catalogue, ` +
        `watched videos ${report.seen}. 95% intervals by bootstrap over users. Metrics are means over queries, "of users" over users, each of whom counts once.`,
    },
    scorerTable(scorers),
    ...cohortTables(report),
    ...lossFigure(scorers),
    recallFigure(scorers),
    ...againstBaselines(scorers),
  ];
}

const nameOf = ({ name, askedAt }: ScorerReport) => (askedAt === 'time of the label' ? `${name}, told the time` : name);

function scorerTable(scorers: readonly ScorerReport[]): DocumentPart {
  const recalls = scorers[0].metrics.recall.map(({ k }) => k);
  const longest = recalls[recalls.length - 1];
  return {
    kind: 'table',
    header: [
      '',
      ...recalls.map((k) => `recall@${k}`),
      `recall@${longest} of users`,
      `precision@${recalls[0]}`,
      `hit rate@${recalls[0]}`,
      `MAP@${longest}`,
      `MAP@${longest} of users`,
      `NDCG@${recalls[0]}`,
      `coverage@${longest}`,
      'novelty',
    ],
    rows: scorers.map((scorer) => {
      const { metrics, overUsers, kind, coverage, noveltyBits } = scorer;
      const first = (rows: typeof metrics.map) => fixed(rows[0].value, 4);
      const last = (rows: typeof metrics.map) => fixed(rows[rows.length - 1].value, 4);
      const cells = metrics.recall.map(({ value, interval95 }) =>
        kind === 'model'
          ? `${fixed(value, 4)} (${interval95.map((end) => fixed(end, 3)).join(' to ')})`
          : fixed(value, 4),
      );
      const name = kind === 'model' ? `**${nameOf(scorer)}**` : nameOf(scorer);
      return [
        name,
        ...cells,
        overUsers ? last(overUsers.recall) : '',
        first(metrics.precision),
        first(metrics.hitRate),
        last(metrics.map),
        overUsers ? last(overUsers.map) : '',
        first(metrics.ndcg),
        `${fixed(100 * coverage, 1)}%`,
        `${fixed(noveltyBits, 1)} bits`,
      ];
    }),
  };
}

/** What stands in the page of each cohort, of the shortest or the longest list. */
const COHORT_METRICS = [
  ['recall', 'Recall', 'longest'],
  ['hitRate', 'Hit rate', 'shortest'],
  ['ndcg', 'NDCG', 'shortest'],
] as const;

/** By whom and for what was asked. */
function cohortTables({ scorers, cohortLimits: limits }: CandidateReport): DocumentPart[] {
  const [{ cohorts }] = scorers;
  if (cohorts.length === 0) return [];
  const text = `${cohortsInWords(limits, 'watches')} In brackets: queries.`;
  return COHORT_METRICS.flatMap(([metric, title, list]): DocumentPart[] => {
    // Reports of before have recall alone.
    const first = cohorts[0][metric];
    if (first === undefined) return [];
    const at = list === 'longest' ? first.length - 1 : 0;
    return [
      { kind: 'heading', level: 3, text: `${title}@${first[at].k} by cohort` },
      ...(metric === 'recall' ? [{ kind: 'text', text } as const] : []),
      {
        kind: 'table',
        header: ['', ...cohorts.map(({ cohort, queries }) => `${cohortLabel(cohort, limits)} (${queries})`)],
        rows: scorers.map((scorer) => [
          scorer.kind === 'model' ? `**${nameOf(scorer)}**` : nameOf(scorer),
          ...cohorts.map(({ cohort }) =>
            fixed(scorer.cohorts.find((one) => one.cohort === cohort)?.[metric]?.[at].value ?? NaN, 4),
          ),
        ]),
      },
    ];
  });
}

function lossFigure(scorers: readonly ScorerReport[]): DocumentPart[] {
  // A model that was asked twice was trained once.
  const trained = [
    ...new Map(scorers.filter(({ training }) => training?.length).map((one) => [one.name, one])).values(),
  ];
  const series = (of: (epoch: Epoch) => number | undefined): Series[] =>
    trained.flatMap(({ name, training }) => {
      const trials = trialsOf(training![0].epochs);
      return trials.map((epochs, i): Series => ({
        name: trials.length === 1 ? name : `${name}, trial ${i + 1}`,
        points: epochs.flatMap((epoch) => {
          const y = of(epoch);
          return y === undefined ? [] : [{ x: epoch.epoch, y }];
        }),
      }));
    });
  if (trained.length === 0) return [];
  const recalls = series(({ validationRecall }) => validationRecall).filter(({ points }) => points.length > 0);
  const losses: DocumentPart[] = [
    {
      kind: 'figure',
      name: 'candidates-loss',
      svg: drawChart({
        title: 'Loss of the candidate models',
        x: 'epoch',
        y: 'sampled softmax loss',
        fromZero: false,
        series: series(({ loss }) => loss),
      }),
      caption: 'Training loss by epoch, first seed; several trials where a row was chosen among forms.',
    },
  ];
  // None where validation was too little to choose by.
  if (recalls.length === 0) return losses;
  return [
    ...losses,
    {
      kind: 'figure',
      name: 'candidates-validation',
      svg: drawChart({
        title: 'Recall on the validation part',
        x: 'epoch',
        y: 'recall',
        fromZero: false,
        series: recalls,
      }),
      caption: 'What decides how long is trained.',
    },
  ];
}

type Epoch = TrainingReport['epochs'][number];

/** The epochs of several trainings one after the other, each of which begins with the first. */
function trialsOf(epochs: readonly Epoch[]): Epoch[][] {
  const trials: Epoch[][] = [];
  for (const epoch of epochs) {
    if (epoch.epoch === 1 || trials.length === 0) trials.push([]);
    trials.at(-1)!.push(epoch);
  }
  return trials;
}

function recallFigure(scorers: readonly ScorerReport[]): DocumentPart {
  const atEnd = ({ recallCurve }: ScorerReport) => recallCurve[recallCurve.length - 1];
  const ordered = [...scorers].sort(
    (a, b) => Number(b.kind === 'model') - Number(a.kind === 'model') || atEnd(b) - atEnd(a),
  );
  return {
    kind: 'figure',
    name: 'candidates-recall',
    svg: drawChart({
      title: 'Recall by the length of the list',
      x: 'k',
      y: 'recall@k',
      series: ordered.slice(0, MOST_LINES).map((scorer): Series => ({
        name: nameOf(scorer),
        dashed: scorer.kind === 'baseline',
        points: scorer.recallCurve.map((y, i) => ({ x: i + 1, y })),
      })),
      height: 360,
    }),
    caption: 'Models, and the best of the baselines (dashed).',
  };
}

function againstBaselines(scorers: readonly ScorerReport[]): DocumentPart[] {
  const rows = scorers.flatMap((scorer) => {
    const { againstBestBaseline: against } = scorer;
    if (!against) return [];
    const [low, high] = against.interval95;
    if (!Number.isFinite(low)) return []; // too few users for one
    return [{ label: `${nameOf(scorer)} less ${against.baseline}`, value: against.difference, low, high }];
  });
  if (rows.length === 0) return [];
  const title = `Recall@${scorers.find(({ againstBestBaseline }) => againstBestBaseline)!.againstBestBaseline!.k} less that of the best baseline`;
  return [
    { kind: 'figure', name: 'candidates-against', svg: drawIntervals(title, rows), caption: 'Paired on users, 95%.' },
  ];
}
