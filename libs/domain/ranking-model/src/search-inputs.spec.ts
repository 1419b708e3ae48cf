import { NO_SEARCHES, NO_STATISTICS, type RankingExample, statisticsFrom } from '@watchnext/features';
import { createRandom, runStack } from '@watchnext/learning';
import { exampleOf, smallConfig, userOf, videoOf } from '../test/builders';
import { RANKING_SEARCH_INPUTS, type RankingModelConfig } from './config';
import { RankingModel } from './ranking-model';
import { referenceRankingEngine } from './reference-engine';
import { trainRankingModel } from './train';

const TOPICS = ['cats', 'dogs'];
const searchFor = (...tokens: string[]) => ({ tokens: [...tokens].sort(), last: tokens.slice(-1) });

/** What a viewer has searched for is what it watches; nothing else tells. */
const EXAMPLES: RankingExample[] = (() => {
  const random = createRandom(3);
  return Array.from({ length: 1_200 }, (_, n) => {
    const [wanted, topic] = [TOPICS[random.nextInt(2)], TOPICS[random.nextInt(2)]];
    const clicked = random.next() < (wanted === topic ? 0.8 : 0.1);
    return exampleOf({
      impressionId: `i${n}`,
      servedAtMs: n,
      user: userOf({ searches: searchFor(`funny ${wanted}`, wanted) }),
      video: videoOf({ videoId: `${topic}-${n % 5}`, topics: [topic] }),
      clicked,
      watchSeconds: clicked ? 30 : 0,
    });
  });
})();
const none = statisticsFrom(NO_STATISTICS);

const train = (change: Partial<RankingModelConfig>) =>
  trainRankingModel({
    examples: EXAMPLES,
    statisticsAt: () => none,
    config: smallConfig({ epochs: 6, ...change }),
    createEngine: referenceRankingEngine,
    seed: 1,
  });

function secondsOf(model: RankingModel, wanted: string, topic: string, tokens = [`funny ${wanted}`, wanted]): number {
  const row = new Float32Array(model.inputSize);
  const user = model.encodeUser(userOf({ searches: searchFor(...tokens) }));
  model.writeInput(user, videoOf({ videoId: `${topic}-1`, topics: [topic] }), none, row, 0);
  return model.scoreOf(runStack(model.tower, row, 1), 0).expectedWatchSeconds;
}

describe('searches as an input', () => {
  it.each(RANKING_SEARCH_INPUTS)('let what was searched for come first: %s', async (searches) => {
    const model = await train({ searches });
    for (const wanted of TOPICS) {
      const [other] = TOPICS.filter((topic) => topic !== wanted);
      expect(secondsOf(model, wanted, wanted)).toBeGreaterThan(2 * secondsOf(model, wanted, other));
    }
    const names = model.inputGroups.filter(({ to }) => to <= model.userSize).map(({ name }) => name);
    expect(names.includes('searches')).toBe(searches !== 'last');
    expect(names.includes('lastSearch')).toBe(searches !== 'mean');
    expect(model.looksAtSearches).toBe(true);
  });

  it('come back out of the parts of a model, bit for bit', async () => {
    const model = await train({ searches: 'mean-and-last', members: 2, epochs: 1 });
    const parts = model.toParts();
    expect([...parts.metadata.vocabularies.searchTokens!].sort()).toEqual(['cats', 'dogs', 'funny cats', 'funny dogs']);
    const restored = RankingModel.fromParts({
      ...parts,
      metadata: JSON.parse(JSON.stringify(parts.metadata)) as never,
    });
    for (const wanted of TOPICS) expect(secondsOf(restored, wanted, 'cats')).toBe(secondsOf(model, wanted, 'cats'));
    const { searchTokens, ...others } = parts.metadata.vocabularies;
    expect(searchTokens).toHaveLength(4);
    const lacking = { ...parts, metadata: { ...parts.metadata, vocabularies: others } };
    expect(() => RankingModel.fromParts(lacking)).toThrow('the model lacks the vocabulary "searchTokens"');
  });

  it('are the zero vector where they are not known, and are told of in explanations', async () => {
    const model = await train({ searches: 'mean', epochs: 1 });
    const columnsOf = (tokens: string[]) => {
      const { from, to } = model.inputGroups.find(({ name }) => name === 'searches')!;
      return [...model.encodeUser(userOf({ searches: searchFor(...tokens) })).columns.subarray(from, to)];
    };
    expect(columnsOf(['birds']).every((value) => value === 0)).toBe(true);
    expect(columnsOf(['cats', 'birds'])).toEqual(columnsOf(['cats']));
    expect(columnsOf(['cats']).some((value) => value !== 0)).toBe(true);
    const raw = model.rawFeatures(userOf({ searches: searchFor('cats', 'dogs') }), videoOf(), none);
    expect(raw.map(({ name }) => name)).toEqual(model.inputGroups.map(({ name }) => name));
    expect(raw.find(({ name }) => name === 'searches')).toEqual({ name: 'searches', text: 'cats, dogs' });
  });

  it('are not looked at by default: the model is the same whatever was searched for', async () => {
    const searched = await train({ epochs: 1 });
    const model = await trainRankingModel({
      examples: EXAMPLES.map((example) => ({ ...example, user: { ...example.user, searches: NO_SEARCHES } })),
      statisticsAt: () => none,
      config: smallConfig({ epochs: 1 }),
      createEngine: referenceRankingEngine,
      seed: 1,
    });
    expect(searched.toParts()).toEqual(model.toParts());
    expect(Object.keys(searched.toParts().metadata.vocabularies)).not.toContain('searchTokens');
    expect(searched.looksAtSearches).toBe(false);
  });

  it('may be of nobody, and are refused where there is no such input', async () => {
    const model = await trainRankingModel({
      examples: EXAMPLES.map((example) => ({ ...example, user: { ...example.user, searches: NO_SEARCHES } })),
      statisticsAt: () => none,
      config: smallConfig({ epochs: 1, searches: 'mean' }),
      createEngine: referenceRankingEngine,
      seed: 1,
    });
    expect(Number.isFinite(secondsOf(model, 'cats', 'cats'))).toBe(true);
    await expect(train({ searches: 'all' as never })).rejects.toThrow('searches must be mean or last or mean-and-last');
  });
});
