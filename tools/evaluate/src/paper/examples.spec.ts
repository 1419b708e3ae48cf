import { HISTORY_LENGTH } from '@watchnext/candidate-model';
import type { CandidateExample } from '@watchnext/features';
import { onlyFeatures, setUsersApart, withContextAround } from './examples';

const example = (userId: string, place: number, before: readonly string[]): CandidateExample => ({
  userId,
  labelVideoId: `${userId}-${place}`,
  labelAtMs: place,
  features: {
    watchedVideoIds: before,
    searchTokens: ['cat'],
    country: 'DE',
    device: 'tv',
    loggedIn: true,
    ageYears: 30,
    gender: 1,
  },
});
const sequenceOf = (userId: string, length: number) => {
  const ids = Array.from({ length }, (_, i) => `${userId}-${i}`);
  return ids.map((_, i) => example(userId, i, ids.slice(Math.max(0, i - HISTORY_LENGTH), i)));
};

describe('withContextAround', () => {
  it('gives each label all other watches of its user, in order, and never itself', () => {
    const [first, second, third] = withContextAround([...sequenceOf('a', 3), ...sequenceOf('b', 2)]);
    expect(first.features.watchedVideoIds).toEqual(['a-1', 'a-2']);
    expect(second.features.watchedVideoIds).toEqual(['a-0', 'a-2']);
    expect(third.features.watchedVideoIds).toEqual(['a-0', 'a-1']);
  });

  it('keeps to the length of a history, centred on the label', () => {
    const around = withContextAround(sequenceOf('a', 200));
    for (const { features, labelVideoId } of around) {
      expect(features.watchedVideoIds).toHaveLength(HISTORY_LENGTH);
      expect(features.watchedVideoIds).not.toContain(labelVideoId);
    }
    expect(around[100].features.watchedVideoIds.slice(24, 26)).toEqual(['a-99', 'a-101']);
    expect(around[0].features.watchedVideoIds[0]).toBe('a-1');
    expect(around[199].features.watchedVideoIds.at(-1)).toBe('a-198');
  });

  it('knows what was watched before the first label', () => {
    const [only] = withContextAround([example('a', 1, ['early'])]);
    expect(only.features.watchedVideoIds).toEqual(['early']);
  });
});

describe('onlyFeatures', () => {
  it('takes away what a set does not have', () => {
    const [whole] = sequenceOf('a', 1);
    expect(onlyFeatures(whole, 'watches').features).toMatchObject({ searchTokens: [], country: '', ageYears: 0 });
    expect(onlyFeatures(whole, 'searches').features).toMatchObject({
      searchTokens: ['cat'],
      country: '',
      loggedIn: false,
    });
    expect(onlyFeatures(whole, 'all')).toBe(whole);
  });
});

describe('setUsersApart', () => {
  it('parts users, not examples', () => {
    const all = ['a', 'b', 'c', 'd'].flatMap((userId) => sequenceOf(userId, 3));
    const { kept, apart } = setUsersApart(all, 2);
    expect(new Set(apart.map(({ userId }) => userId))).toEqual(new Set(['a', 'c']));
    expect(kept).toHaveLength(6);
  });
});
