import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { CandidateModel } from '@watchnext/candidate-model';
import type { SnapshotManifest } from '@watchnext/contract';
import {
  countedImpression,
  type CurrentMetrics,
  ITEM_SCORERS,
  type Measurement,
  metricValue,
  type PairedMetric,
  pagesOf,
  type RecordedMetric,
  type RecordedValue,
  type SameDaysMetric,
  type UserRatio,
  weightedPerUserLoss,
} from '@watchnext/evaluation';
import { packStatisticsText, type RankingExample, type Statistics, statisticsFromPacked } from '@watchnext/features';
import type { Random } from '@watchnext/learning';
import type { RankingModel } from '@watchnext/ranking-model';
import { SNAPSHOT_FILES, type SnapshotStore, SnapshotStoreError } from '@watchnext/snapshot-store';
import { loadModels, scoreImpressions } from '@watchnext/offline';
import { modelScorer, rankNextWatches } from '../evaluation/next-watch';
import { rowsUntil } from '../evaluation/rows-until';
import { RANKING_LOSS } from '../evaluation/measure-ranking';
import type { CandidateEvaluation } from '../pipeline/run-state';
import { defineStage } from '../pipeline/stage';
import { CANDIDATE_QUERIES, recallAt, recallName } from './evaluate-candidates';
import { RANKING_PAGES } from './evaluate-ranking';

/** A snapshot's models, with the statistics that they rank with. */
interface Contender {
  readonly candidate: CandidateModel;
  readonly ranking: RankingModel;
  readonly statistics: Statistics;
}

/** A metric by user, and the queries or pages that it is of. */
interface Measured {
  readonly ratio: UserRatio;
  readonly rowCount: number;
}

/** Both metrics of the gate's comparison. */
interface BothMeasured {
  readonly candidateRecall: Measured;
  readonly weightedPerUserLoss: Measured;
}

/**
 * Finds what the new models can be held against the current snapshot by. In this order:
 *
 * - If the current snapshot trained on nothing of the held-out days, both are measured on all of them. The new models
 *   then know about as much as the current one, so the comparison is fair although it was the current one that chose
 *   what was shown. Their statistics have a little more: what followed after midnight from impressions of the evening before
 *   (docs/decisions/0155).
 * - If the same days were held out for the current snapshot too, which has trained on them since, the new models are
 *   measured on what was there then, and held against what was recorded: the same rows, but for candidates where more users
 *   are held out than are drawn. Rows after it are no ground to compare on: they are watches of its own lists, by models that have not seen a day that it has.
 * - Else what was recorded on other days has to do.
 *
 * A current snapshot that cannot be read holds nothing up: it is what a new one should replace, and the log says so.
 */
export const measureCurrentStage = (store: SnapshotStore) =>
  defineStage({
    name: 'measure current snapshot',
    needs: ['replayed', 'split', 'candidateModel', 'rankingModel', 'candidateEvaluation', 'rankingEvaluation'],
    gives: ['currentMetrics', 'parentSnapshotId'],
    async run(input, { progress, random, signal, note }) {
      const { replayed, split, candidateModel, rankingModel, candidateEvaluation, rankingEvaluation } = input;
      const parentSnapshotId = await store.readPointer();
      if (parentSnapshotId === undefined) return { currentMetrics: undefined, parentSnapshotId };
      const { recallK } = candidateEvaluation;
      const trained: Contender = {
        candidate: candidateModel,
        ranking: rankingModel,
        statistics: replayed.statistics.asOf(split.evaluatedFromMs),
      };
      const measureUntil = (contender: Contender, untilMs: number) =>
        measure(contender, split.rankingHeldOut, candidateEvaluation, untilMs, signal, (done, total, detail) =>
          progress.report(done, total, detail),
        );
      const evaluated: BothMeasured = {
        candidateRecall: { ratio: candidateEvaluation.recall, rowCount: candidateEvaluation.queries.length },
        weightedPerUserLoss: { ratio: rankingEvaluation.loss, rowCount: rankingEvaluation.pageCount },
      };

      async function compared(manifest: SnapshotManifest): Promise<CurrentMetrics> {
        const onOtherDays = () => otherDays(manifest, recallK, evaluated, random);
        const { window } = manifest;
        if (!window) return onOtherDays();
        if (window.toMs < split.evaluatedFromMs) {
          const current = await contenderOf(manifest, store, (reason) => note({ notLoadable: reason }));
          return current ? paired(manifest, evaluated, await measureUntil(current, Infinity), random) : onOtherDays();
        }
        if (window.evaluatedFromMs !== split.evaluatedFromMs) return onOtherDays();
        return sameDays(manifest, recallK, await measureUntil(trained, window.evaluatedToMs), random);
      }

      let currentMetrics: CurrentMetrics | undefined;
      try {
        currentMetrics = await compared(await store.readManifest(parentSnapshotId));
      } catch (error) {
        if (!(error instanceof SnapshotStoreError) || error.retriable) throw error;
        note({ unreadable: error.message });
      }
      note({ ...currentMetrics });
      return { currentMetrics, parentSnapshotId };
    },
  });

/** undefined where this program cannot load it, as one made by another version, with other features. */
async function contenderOf(
  { snapshotId }: SnapshotManifest,
  store: SnapshotStore,
  onNotLoadable: (reason: string) => void,
): Promise<Contender | undefined> {
  const local = await store.fetch(snapshotId);
  try {
    const text = createReadStream(join(local.directory, SNAPSHOT_FILES.statistics), 'utf8');
    const statistics = statisticsFromPacked(await packStatisticsText(text));
    return { ...(await loadModels(local)), statistics };
  } catch (error) {
    onNotLoadable((error as Error).message);
    return undefined;
  }
}

/** On the held-out rows up to `untilMs`. */
async function measure(
  { candidate, ranking, statistics }: Contender,
  heldOut: readonly RankingExample[],
  { queries, recallK }: CandidateEvaluation,
  untilMs: number,
  signal: AbortSignal,
  onProgress: (done: number, total: number, detail: string) => void,
): Promise<BothMeasured> {
  const asked = rowsUntil(queries, untilMs, ({ example }) => example.labelAtMs);
  const shown = heldOut.filter(({ servedAtMs }) => servedAtMs <= untilMs);
  const total = asked.length + shown.length;
  const { ranks } = await rankNextWatches(await modelScorer(candidate), asked, signal, (done) =>
    onProgress(done, total, 'next watches'),
  );
  const impressions = shown.map(countedImpression);
  const scores = await scoreImpressions(ranking, shown, statistics, signal, (done) =>
    onProgress(asked.length + done, total, 'impressions'),
  );
  const pages = pagesOf(impressions);
  return {
    candidateRecall: { ratio: recallAt(recallK, ranks), rowCount: asked.length },
    weightedPerUserLoss: { ratio: weightedPerUserLoss(impressions, pages, scores), rowCount: pages.length },
  };
}

function paired(
  { snapshotId }: SnapshotManifest,
  trained: BothMeasured,
  current: BothMeasured,
  random: Random,
): CurrentMetrics {
  const pair = (metric: keyof BothMeasured): PairedMetric => {
    const [now, before] = [trained[metric].ratio, current[metric].ratio];
    return {
      origin: 're-evaluated',
      current: before.value(),
      trained: now.value(),
      difference: now.minus(before).interval(random.fork(metric)),
      userCount: now.userCount,
    };
  };
  return {
    snapshotId,
    candidateRecall: pair('candidateRecall'),
    weightedPerUserLoss: pair('weightedPerUserLoss'),
  };
}

function sameDays(manifest: SnapshotManifest, recallK: number, trained: BothMeasured, random: Random): CurrentMetrics {
  const same = (metric: keyof BothMeasured): SameDaysMetric => ({
    origin: 'recorded on the same days',
    current: recordedIn(manifest, recallK)[metric],
    trained: measurementOf(trained, metric, random),
  });
  return {
    snapshotId: manifest.snapshotId,
    candidateRecall: same('candidateRecall'),
    weightedPerUserLoss: same('weightedPerUserLoss'),
  };
}

function otherDays(manifest: SnapshotManifest, recallK: number, trained: BothMeasured, random: Random): CurrentMetrics {
  const other = (metric: keyof BothMeasured, baseline: number): RecordedMetric => ({
    origin: 'recorded on other days',
    current: recordedIn(manifest, recallK)[metric],
    baseline,
    trained: measurementOf(trained, metric, random),
  });
  const { metrics, snapshotId } = manifest;
  const floors = ITEM_SCORERS.map((scorer) => metricValue(metrics, RANKING_LOSS, scorer));
  return {
    snapshotId,
    candidateRecall: other('candidateRecall', metricValue(metrics, recallName(recallK), 'popularity')),
    weightedPerUserLoss: other('weightedPerUserLoss', Math.min(...floors)),
  };
}

function measurementOf(measured: BothMeasured, metric: keyof BothMeasured, random: Random): Measurement {
  const { ratio, rowCount } = measured[metric];
  const { userCount } = ratio;
  return { value: ratio.value(), interval: ratio.interval(random.fork(metric)), userCount, rowCount };
}

function recordedIn({ metrics }: SnapshotManifest, recallK: number): Record<keyof BothMeasured, RecordedValue> {
  const recorded = (name: string, rows: string): RecordedValue => ({
    value: metricValue(metrics, name, 'model'),
    rowCount: metricValue(metrics, rows, 'model'),
  });
  return {
    candidateRecall: recorded(recallName(recallK), CANDIDATE_QUERIES),
    weightedPerUserLoss: recorded(RANKING_LOSS, RANKING_PAGES),
  };
}
