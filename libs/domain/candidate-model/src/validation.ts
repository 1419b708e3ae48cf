import type { CandidateExample } from '@watchnext/features';
import { interestsOf } from './config';
import type { CandidateModel } from './model';
import { scoreVideos } from './video-scores';

const MS_PER_DAY = 86_400_000;
/** Multiplications that one validation may take, so that it stays a small part of an epoch. */
const MULTIPLICATION_BUDGET = 2e9;

/**
 * recall@k over the whole catalogue: the share of examples whose label has fewer than k videos scored above it. Each is
 * asked at the time of its label, so a label after the training window at age 0, as when serving. Videos of the history do
 * not count, as retrieval leaves out what was just watched. Labels out of vocabulary are misses. A large set is thinned
 * evenly.
 */
export function validationRecall(
  model: CandidateModel,
  examples: readonly CandidateExample[],
  windowEndMs: number,
  k: number,
): number {
  const cost =
    interestsOf(model.config) * model.videoVectors.length +
    model.tower.reduce((sum, layer) => sum + layer.weights.length, 0);
  const stride = Math.max(1, Math.ceil((examples.length * cost) / MULTIPLICATION_BUDGET));
  const indexOf = new Map(model.videoIds.map((id, index) => [id, index]));
  const scores = new Float64Array(model.videoIds.length);
  let hits = 0;
  let count = 0;
  for (let i = 0; i < examples.length; i += stride) {
    const { labelVideoId, labelAtMs, features } = examples[i];
    const ageDays = Math.max(0, windowEndMs - labelAtMs) / MS_PER_DAY;
    const label = indexOf.get(labelVideoId);
    const excluded = new Set(features.watchedVideoIds.map((id) => indexOf.get(id)));
    count++;
    if (label === undefined) continue;
    scoreVideos(model, model.userVector(features, ageDays), scores);
    if (rankOf(scores, label, excluded) < k) hits++;
  }
  return hits / count;
}

/** How many videos outside `excluded` score at least as high as `label`; ties count against it. */
function rankOf(scores: Float64Array, label: number, excluded: ReadonlySet<number | undefined>): number {
  const labelScore = scores[label];
  let rank = 0;
  for (let video = 0; video < scores.length; video++) {
    if (video !== label && scores[video] >= labelScore && !excluded.has(video)) rank++;
  }
  return rank;
}
