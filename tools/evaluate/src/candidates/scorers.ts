/** The model as a scorer beside the baselines, over one catalogue: the videos of the training part. */
import { type CandidateModel, CatalogueScorer } from '@watchnext/candidate-model';
import {
  BprFactors,
  coOccurrenceScorer,
  DEFAULT_BPR,
  itemKnnScorer,
  lastItemMarkovScorer,
  type NextWatchScorer,
  popularityScorer,
  recentPopularityScorer,
  type WatchLog,
} from '@watchnext/evaluation';
import { DAY_MS } from '@watchnext/features';
import { onnxTowerRunner } from '@watchnext/inference';
import type { Random } from '@watchnext/learning';
import { breathe } from '@watchnext/waiting';
import type { Progress } from '../progress';
import type { AskedAt } from '../report';
import type { HeldOut } from './protocol';

/** Half-lives of recent popularity; each has a row, so none has to be chosen. */
const HALF_LIVES_DAYS = [1, 7, 30];

/** Scores the log's whole catalogue. */
export interface LogScorer {
  readonly name: string;
  readonly askedAt: AskedAt;
  /** @param visit is given each query, in order, and scores in the order of the log's videos, which become others when it returns */
  each(queries: readonly HeldOut[], visit: (query: HeldOut, scores: ArrayLike<number>) => void): void | Promise<void>;
  /** It cannot be used afterwards. */
  close(): void | Promise<void>;
}

/** The model's scores of all videos; NaN for those that it does not have. */
export async function modelScorer(
  name: string,
  model: CandidateModel,
  log: WatchLog,
  windowEndMs: number,
  askedAt: AskedAt,
): Promise<LogScorer> {
  const scorer = await CatalogueScorer.of(model, onnxTowerRunner);
  const { videoIds } = model;
  const indexOf = new Map(log.videoIds.map((videoId, index) => [videoId, index]));
  const places = Int32Array.from(videoIds, (videoId) => indexOf.get(videoId) ?? -1);
  const scores = new Float64Array(log.videoIds.length).fill(NaN);
  const userOf = ({ example }: HeldOut) => {
    const ageMs = askedAt === 'time of the label' ? Math.max(0, windowEndMs - example.labelAtMs) : 0;
    return model.userVector(example.features, ageMs / DAY_MS);
  };
  return {
    name,
    askedAt,
    each: (queries, visit) =>
      scorer.each(queries, userOf, (query, own) => {
        for (let video = 0; video < places.length; video++) {
          if (places[video] !== -1) scores[places[video]] = own[video];
        }
        visit(query, scores);
      }),
    close: () => scorer.close(),
  };
}

/** All baselines, each made when it is asked for: they hold matrices. */
export function baselines(
  log: WatchLog,
  random: Random,
  endMs: number,
  askings: readonly AskedAt[],
  signal: AbortSignal,
  progress: Progress,
): { readonly name: string; readonly askedAt: AskedAt; make(): Promise<LogScorer> }[] {
  const indexOf = new Map(log.videoIds.map((videoId, index) => [videoId, index]));
  const onLog = (name: string, askedAt: AskedAt, scorer: NextWatchScorer): LogScorer => ({
    name,
    askedAt,
    each(queries, visit) {
      for (const query of queries) {
        const { example, earlierVideoIds } = query;
        const history = Int32Array.from(earlierVideoIds.flatMap((videoId) => indexOf.get(videoId) ?? []));
        visit(query, scorer.score({ userId: example.userId, history, atMs: example.labelAtMs }));
      }
    },
    close: () => undefined,
  });
  const timeless: [string, () => NextWatchScorer | Promise<NextWatchScorer>][] = [
    ['popularity', () => popularityScorer(log)],
    ['item-kNN', () => itemKnnScorer(log)],
    ['last-item Markov', () => lastItemMarkovScorer(log)],
    ['co-occurrence', () => coOccurrenceScorer(log)],
    [
      'BPR',
      async () => {
        const factors = new BprFactors(log, DEFAULT_BPR, random.fork('bpr'));
        const { epochCount } = DEFAULT_BPR;
        const task = progress.start('train: BPR', 'epochs');
        for (let epoch = 0; epoch < epochCount; epoch += 1) {
          task.update(epoch, epochCount);
          await breathe(signal);
          factors.epoch();
        }
        task.update(epochCount, epochCount);
        task.finish();
        return factors.scorer();
      },
    ],
  ];
  const recent = (days: number, askedAt: AskedAt): [string, AskedAt, () => NextWatchScorer] => [
    `recent popularity, ${days} d`,
    askedAt,
    // The newest watch was at `endMs`, and counts.
    () => recentPopularityScorer(log, days * DAY_MS, askedAt === 'time of the label' ? undefined : endMs + 1),
  ];
  const timed = log.atMs ? askings.flatMap((askedAt) => HALF_LIVES_DAYS.map((days) => recent(days, askedAt))) : [];
  const all = [
    ...timeless.map(([name, make]): [string, AskedAt, () => NextWatchScorer | Promise<NextWatchScorer>] => [
      name,
      'end of training',
      make,
    ]),
    ...timed,
  ];
  return all.map(([name, askedAt, make]) => ({ name, askedAt, make: async () => onLog(name, askedAt, await make()) }));
}
