import { type CandidateExample, DAY_MS } from '@watchnext/features';
import type { TowerRunnerFactory } from '@watchnext/learning';
import { CatalogueScorer } from './catalogue-scorer';
import { interestsOf } from './config';
import type { CandidateModel } from './model';

/** Multiplications that one validation may take where that leaves enough examples, so that it stays a small part of an epoch. */
const MULTIPLICATION_BUDGET = 2e9;
/**
 * However large the catalogue, and whatever that takes: by 400 an epoch that improved looked worse than the one before it so often that most
 * trainings on 24,000 videos were left too early (decision 172). Over a million videos they take less than a minute.
 */
const LEAST_ASKED = 2_000;

/**
 * k of the validation recall: 100, or less where 100 would be a large part of the catalogue; a tenth of fewer than 100 videos, of which
 * any model has most labels among its first ten.
 */
export function validationCutoff(videoCount: number): number {
  const least = Math.max(1, Math.min(10, Math.round(videoCount / 10)));
  return Math.min(100, Math.max(least, Math.floor(videoCount / 20)));
}

/** Those of the validation examples that are asked after each epoch: a large set is thinned evenly. */
export function askedExamples(
  { config, videoVectors, tower }: CandidateModel,
  examples: readonly CandidateExample[],
): readonly CandidateExample[] {
  const multiplicationsPerExample =
    interestsOf(config) * videoVectors.length + tower.reduce((sum, layer) => sum + layer.weights.length, 0);
  const stride = validationStride(examples.length, multiplicationsPerExample);
  return examples.filter((_, i) => i % stride === 0);
}

/**
 * recall@k over the whole catalogue: the share of examples whose label has fewer than k videos scored above it. Each is
 * asked at the time of its label, so a label after the training window at age 0, as when serving. Videos of the history do
 * not count, as retrieval leaves out what was just watched. Labels out of vocabulary are misses.
 */
export async function validationRecall(
  model: CandidateModel,
  examples: readonly CandidateExample[],
  windowEndMs: number,
  k: number,
  createRunner?: TowerRunnerFactory,
): Promise<number> {
  const indexOf = new Map(model.videoIds.map((id, index) => [id, index]));
  const known = examples.filter(({ labelVideoId }) => indexOf.has(labelVideoId));
  const userOf = ({ labelAtMs, features }: CandidateExample) =>
    model.userVector(features, Math.max(0, windowEndMs - labelAtMs) / DAY_MS);
  let hits = 0;
  const scorer = await CatalogueScorer.of(model, createRunner);
  try {
    await scorer.each(known, userOf, ({ labelVideoId, features }, scores) => {
      const excluded = new Set(features.watchedVideoIds.map((id) => indexOf.get(id)));
      if (rankOf(scores, indexOf.get(labelVideoId)!, excluded) < k) hits++;
    });
  } finally {
    await scorer.close();
  }
  return hits / examples.length;
}

/** Every so many of a set of examples are asked. */
export function validationStride(exampleCount: number, multiplicationsPerExample: number): number {
  const affordable = Math.ceil((exampleCount * multiplicationsPerExample) / MULTIPLICATION_BUDGET);
  return Math.max(1, Math.min(affordable, Math.floor(exampleCount / LEAST_ASKED)));
}

/**
 * How many videos outside `excluded` score at least as high as `label`; ties count against it. Infinity where the label has no
 * number, as in a model that broke: no other is above NaN, and such a model would be the best of all.
 */
function rankOf(scores: Float32Array | Float64Array, label: number, excluded: ReadonlySet<number | undefined>): number {
  const labelScore = scores[label];
  if (Number.isNaN(labelScore)) return Infinity;
  let rank = 0;
  for (let video = 0; video < scores.length; video++) {
    if (video !== label && scores[video] >= labelScore && !excluded.has(video)) rank++;
  }
  return rank;
}
