import { exampleOf, examplesOfWatches } from '../test/builders';
import { defaultCandidateConfig } from './config';
import { countVocabularies } from './vocabularies';

const CONFIG = defaultCandidateConfig({ videoCount: 10, exampleCount: 10 });

describe('countVocabularies', () => {
  it('counts each watch once, whether it is a label or came before the first example', () => {
    const examples = [
      ...examplesOfWatches('ann', ['a', 'b', 'a']),
      exampleOf('bob', 'b', 7, { watchedVideoIds: ['old', 'a', 'b'] }),
      exampleOf('bob', 'c', 8, { watchedVideoIds: ['old', 'a', 'b', 'b'] }),
    ];
    const { vocabularies, watchCounts } = countVocabularies(examples, CONFIG);
    // a: ann twice, bob once before. b: ann once, bob once before and once as a label.
    expect(vocabularies.videos.ids).toEqual(['a', 'b', 'c', 'old']);
    expect([...watchCounts]).toEqual([3, 3, 1, 1]);
  });

  it('does not depend on the order of the examples', () => {
    const examples = [
      ...examplesOfWatches('ann', ['a', 'b', 'c']),
      exampleOf('bob', 'c', 9, { watchedVideoIds: ['d'] }),
    ];
    expect(countVocabularies([...examples].reverse(), CONFIG)).toEqual(countVocabularies(examples, CONFIG));
  });

  it('keeps the most frequent of each kind, and not the empty country', () => {
    const examples = [
      exampleOf('ann', 'a', 1, { searchTokens: ['cat', 'cat video'], country: 'AT', device: 'tv' }),
      exampleOf('bob', 'a', 1, { searchTokens: ['cat'], country: '', device: 'phone' }),
      exampleOf('cid', 'b', 1, { searchTokens: ['dog'], country: '', device: 'phone' }),
    ];
    const { vocabularies } = countVocabularies(examples, {
      ...CONFIG,
      maxVideos: 1,
      maxSearchTokens: 1,
      maxDevices: 1,
    });
    expect(vocabularies.videos.ids).toEqual(['a']);
    expect(vocabularies.searchTokens.ids).toEqual(['cat']);
    expect(vocabularies.countries.ids).toEqual(['AT']);
    expect(vocabularies.devices.ids).toEqual(['phone']);
  });
});
