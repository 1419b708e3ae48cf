import type { GateCheck } from '@watchnext/contract';
import { DEFAULT_GATE_LIMITS, type GateLimits, gateReasons } from '@watchnext/evaluation';
import type { RankingExample } from '@watchnext/features';
import { median } from '@watchnext/learning';
import { predictImpressions } from '@watchnext/offline';
import { meanSeconds } from '../evaluation/mean-seconds';
import { defineStage } from '../pipeline/stage';
import type { ReplayedLog, TrainedModels } from '../pipeline/run-state';
import { overrideGate } from './override-gate';

/**
 * The newest impressions, which the final ranking model has learned from, to see that it came out in one piece: so many, and as many
 * more as it takes to have so many watched ones among them. The mean of a few watches is chance: with two in a thousand
 * watched, as rare clicks are, one sound model in five would fail.
 */
const SAMPLE = { impressions: 2_000, watched: 200 };
/** Mean expected over mean actual watch seconds; ranking is calibrated, and off by this factor something broke. */
const CALIBRATION_LIMITS = { low: 1 / 3, high: 3 };
/** Longest video vector over the median one: beyond it a single video answers every query. */
const LARGEST_NORM_RATIO = 50;

const show = (value: number) => value.toPrecision(4);

export function numbersAreFinite(models: Pick<TrainedModels, 'candidate' | 'ranking'>): GateCheck {
  const broken: string[] = [];
  for (const [name, model] of [
    ['candidate', models.candidate],
    ['ranking', models.ranking],
  ] as const) {
    for (const [tensor, { data }] of model.toParts().tensors) {
      if (!data.every((value: number) => Number.isFinite(value))) broken.push(`${name} ${tensor}`);
    }
  }
  return {
    name: 'final-models-finite',
    passed: broken.length === 0,
    detail: broken.length === 0 ? 'every weight is a finite number' : `not finite: ${broken.join(', ')}`,
  };
}

export function normsAreSane({ candidate }: Pick<TrainedModels, 'candidate'>): GateCheck {
  const dimensions = candidate.config.dimensions;
  const norms = Float64Array.from(candidate.videoIds, (_, video) =>
    Math.hypot(...candidate.videoVectors.subarray(video * dimensions, (video + 1) * dimensions)),
  );
  const middle = median(norms);
  const largest = norms.reduce((most, norm) => Math.max(most, norm), 0);
  return {
    name: 'final-vector-norms',
    passed: largest > 0 && largest <= LARGEST_NORM_RATIO * middle,
    detail: `longest video vector ${show(largest)}, median ${show(middle)}, at most ${LARGEST_NORM_RATIO} times as long`,
  };
}

function indexFinds({ index }: TrainedModels, limits: GateLimits): GateCheck {
  const recall = index?.parameters.recallAt100 ?? NaN;
  return {
    name: 'final-index-recall',
    passed: recall >= limits.minimumIndexRecall,
    detail: `recall@100 ${show(recall)}, at least ${show(limits.minimumIndexRecall)}`,
  };
}

/** What the final ranking model expects of impressions where they were shown, beside what was watched there. */
export async function rankingIsCalibrated(
  { ranking }: Pick<TrainedModels, 'ranking'>,
  { rankingExamples, statistics, toMs }: Pick<ReplayedLog, 'rankingExamples' | 'statistics' | 'toMs'>,
  signal: AbortSignal,
): Promise<GateCheck> {
  const name = 'final-ranking-calibration';
  if (ranking.config.objective === 'click') {
    return { name, passed: true, detail: 'skipped: with the objective "click" nothing is expected in seconds' };
  }
  const sample = newestToJudge(rankingExamples);
  const known = statistics.asOf(toMs);
  const { expectedWatchSeconds } = await predictImpressions(ranking, sample, {
    statisticsAt: () => known,
    position: 'logged',
    signal,
  });
  const { expected, actual } = meanSeconds(ranking, sample, expectedWatchSeconds);
  const ratio = expected / actual;
  return {
    name,
    passed: ratio >= CALIBRATION_LIMITS.low && ratio <= CALIBRATION_LIMITS.high,
    detail: `expected ${show(expected)} s, actual ${show(actual)} s over the newest ${sample.length} impressions`,
  };
}

export function newestToJudge(examples: readonly RankingExample[]): RankingExample[] {
  const newestFirst = [...examples].sort((a, b) => b.servedAtMs - a.servedAtMs);
  let watched = 0;
  const beyond = newestFirst.findIndex(({ watchSeconds }, index) => {
    const isEnough = index >= SAMPLE.impressions && watched >= SAMPLE.watched;
    if (watchSeconds > 0) watched++;
    return isEnough;
  });
  return newestFirst.slice(0, beyond < 0 ? undefined : beyond).reverse();
}

/**
 * Looks at what is about to be published, which the gate has not seen: it was trained after it. What fails here is
 * published as rejected; what has a broken number ends the run, as a broken loss does, since nothing can be made of it.
 *
 * @throws Error naming the tensors that are not finite
 */
export const checkSanityStage = (overridden: boolean, limits: GateLimits = DEFAULT_GATE_LIMITS) =>
  defineStage({
    name: 'check final models',
    needs: ['finalModels', 'replayed', 'gate'],
    gives: ['verdict'],
    async run({ finalModels, replayed, gate }, { signal, note }) {
      if (!gate.passed) return { verdict: gate };
      const finite = numbersAreFinite(finalModels);
      if (!finite.passed) throw new Error(`the final models are broken, and nothing is published: ${finite.detail}`);
      const checks = [
        finite,
        normsAreSane(finalModels),
        indexFinds(finalModels, limits),
        await rankingIsCalibrated(finalModels, replayed, signal),
      ];
      const sound = checks.every((check) => check.passed);
      const verdict = overrideGate({ passed: sound, checks: [...gate.checks, ...checks] }, overridden);
      note({ passed: verdict.passed, ...(verdict.passed ? {} : { reasons: gateReasons(verdict) }) });
      return { verdict };
    },
  });
