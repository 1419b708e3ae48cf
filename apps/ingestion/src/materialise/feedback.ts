/**
 * What viewers make of lists, counted where lists and watches are folded: each once, since a record counts once in states; and a backlog
 * delays both sides of their ratio alike.
 */
import type { Event, UserState } from '@watchnext/contract';
import { knownWatchSeconds, type Outcome } from '@watchnext/features';

export interface Feedback {
  /** Impressions that the gateway has told of. */
  impressionCount: number;
  /** Playbacks that name the impression they came from. */
  watchCount: number;
  /** Seconds that these were watched for; each further report of one adds what it is longer. */
  watchSeconds: number;
}

export const noFeedback = (): Feedback => ({ impressionCount: 0, watchCount: 0, watchSeconds: 0 });

export const sumOfFeedback = (a: Readonly<Feedback>, b: Readonly<Feedback>): Feedback => ({
  impressionCount: a.impressionCount + b.impressionCount,
  watchCount: a.watchCount + b.watchCount,
  watchSeconds: a.watchSeconds + b.watchSeconds,
});

/** Adds what one event says, by the state before it. What is imported tells nothing of the lists of today. */
export function addFeedback(feedback: Feedback, state: UserState, event: Event, fold: () => Outcome): Outcome {
  const { body } = event;
  const isWatch = body?.$case === 'watch' && body.value.impressionId !== '';
  const known = isWatch ? knownWatchSeconds(state, body.value) : undefined;
  const outcome = fold();
  if (outcome !== 'applied' || event.backfill) return outcome;
  if (body?.$case === 'impressionsServed') feedback.impressionCount += body.value.items.length;
  if (!isWatch) return outcome;
  if (known === undefined) feedback.watchCount++;
  feedback.watchSeconds += Math.max(0, body.value.positionSeconds - (known ?? 0));
  return outcome;
}
