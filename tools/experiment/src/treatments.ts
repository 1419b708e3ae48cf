/** What an experiment has beside its control. */
import type { Experiment } from '@watchnext/experiments';

/** All are served the control, which an operator may wish for; but with nothing beside it there is nothing to tell. */
export class NoTreatmentError extends Error {
  constructor({ name }: Experiment) {
    super(`${name}: no variant but the control has a share above 0, so there is nothing to compare it with`);
    this.name = 'NoTreatmentError';
  }
}

/** Its lists are of both variants, so what asks for users of one or the other has no answer. */
export class InterleavedError extends Error {
  constructor({ name }: Experiment, why: string) {
    super(`${name}: ${why}`);
    this.name = 'InterleavedError';
  }
}

/** Places among the variants of those that users are in. @throws NoTreatmentError */
export function treatmentsOf(experiment: Experiment): readonly number[] {
  const treatments = experiment.variants.flatMap(({ share }, index) => (index > 0 && share > 0 ? [index] : []));
  if (treatments.length === 0) throw new NoTreatmentError(experiment);
  return treatments;
}

/** Place of the treatment with the fewest users, of which the least is known. */
export const smallestOf = (variants: Experiment['variants'], treatments: readonly number[]): number =>
  treatments.reduce((least, index) => (variants[index].share < variants[least].share ? index : least));
