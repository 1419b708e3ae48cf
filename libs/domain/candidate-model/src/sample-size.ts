/**
 * Whether validation may choose a form and an epoch: where it may not, what wins is chance, and as many epochs are trained as
 * are right for most logs of that size.
 */
import type { CandidateExample } from '@watchnext/features';
import { validationCutoff } from './validation';

/** Of fewer a recall of 0.2 is off by 14% of itself and more at one standard error: the best of several epochs is then a matter of chance. */
const LEAST_TO_CHOOSE_BY = 200;
/** As many as `LEAST_TO_CHOOSE_BY` have at a recall of 0.2. Where recall is low the same number of examples says less. */
const LEAST_HITS = 40;

/**
 * The validation examples to choose by; none where they are too few. Those that cannot be missed are left out: every epoch would
 * look like the best. Labels that training does not know cannot be hit, so they do not count towards what is needed; they stay, as
 * misses of all epochs alike.
 */
export function examplesToChooseBy(
  training: readonly CandidateExample[],
  validation: readonly CandidateExample[],
): readonly CandidateExample[] {
  const videoIds = new Set(training.map(({ labelVideoId }) => labelVideoId));
  const missable = validation.filter(
    (example) => !videoIds.has(example.labelVideoId) || canBeMissed(example, videoIds),
  );
  const known = missable.filter(({ labelVideoId }) => videoIds.has(labelVideoId));
  return known.length < LEAST_TO_CHOOSE_BY ? [] : missable;
}

/** Whether a recall is of hits enough to stop or to choose by. @param exampleCount that it is of, or stands for */
export function hasEnoughHits(recall: number, exampleCount: number): boolean {
  return Math.round(recall * exampleCount) >= LEAST_HITS;
}

/**
 * Where fewer than k videos are left that the user has not seen, a label is among the first k whatever the model says. In a
 * catalogue that is larger than a history and k together it never is.
 */
function canBeMissed({ labelVideoId, features }: CandidateExample, videoIds: ReadonlySet<string>): boolean {
  const outside = new Set([labelVideoId, ...features.watchedVideoIds].filter((videoId) => videoIds.has(videoId)));
  return videoIds.size - outside.size >= validationCutoff(videoIds.size);
}
