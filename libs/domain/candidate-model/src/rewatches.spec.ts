import { type CandidateExample, NO_CIRCUMSTANCES } from '@watchnext/features';
import { askedOf, learnedOf } from './rewatches';

const watch = (labelVideoId: string, ...watchedVideoIds: string[]): CandidateExample => ({
  userId: 'u',
  labelVideoId,
  labelAtMs: 0,
  features: { watchedVideoIds, ...NO_CIRCUMSTANCES },
});
const first = watch('a', 'b', 'c');
const again = watch('a', 'b', 'a');

describe('a watch of what the history holds', () => {
  it('is neither learned from nor asked about', () => {
    expect(askedOf([first, again])).toEqual([first]);
    expect(learnedOf([first, again])).toEqual([first]);
  });

  it('is both for lists that may hold what was watched', () => {
    expect(askedOf([first, again], true)).toEqual([first, again]);
    expect(learnedOf([first, again], true)).toEqual([first, again]);
  });

  it('is learned from where there is no other, though not asked about', () => {
    expect(learnedOf([again, again])).toEqual([again, again]);
    expect(askedOf([again, again])).toEqual([]);
  });
});
