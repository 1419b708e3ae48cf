import { validationCutoff } from '@watchnext/candidate-model';

const LENGTHS = [10, 50, 100] as const;

/**
 * Lengths of lists where none are named, ascending. In a catalogue of no more videos than the longest every recall there is 1: then a tenth of
 * them, which the trainer's gate looks at too, twice that, and 1.
 */
export function defaultListLengths(videoCount: number): readonly number[] {
  if (videoCount > LENGTHS[2]) return LENGTHS;
  const tenth = validationCutoff(videoCount);
  return [...new Set([1, tenth, 2 * tenth])];
}
