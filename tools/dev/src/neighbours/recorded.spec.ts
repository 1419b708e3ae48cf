import { RankRequest, RankResponse, RetrieveRequest, RetrieveResponse } from '@watchnext/contract';
import { rankingAnswers } from './recorded-ranking';
import { retrievalAnswers } from './recorded-retrieval';

const retrieved = (userId: string, surface: string, ...videoIds: string[]) => ({
  request: RetrieveRequest.fromPartial({ state: { userId }, context: { surface } }),
  response: RetrieveResponse.fromPartial({
    snapshotId: 's1',
    candidates: videoIds.map((videoId, index) => ({ videoId, score: 1 - index / 10 })),
  }),
});

const ranked = (userId: string, scores: Readonly<Record<string, number>>) => ({
  request: RankRequest.fromPartial({ state: { userId } }),
  response: RankResponse.fromPartial({
    snapshotId: 's1',
    heldSnapshotIds: ['s1'],
    scores: Object.entries(scores).map(([videoId, expectedWatchSeconds]) => ({ videoId, expectedWatchSeconds })),
  }),
});

describe('retrieval as recorded', () => {
  const answer = retrievalAnswers([
    retrieved('u1', 'home', 'a', 'b', 'c'),
    retrieved('u2', 'home', 'd'),
    retrieved('u2', 'up-next', 'e'),
  ]);
  const ask = (userId: string, surface: string, more: object = {}) =>
    answer(
      RetrieveRequest.fromPartial({ state: { userId }, context: { surface }, candidateCount: 10, ...more }),
    ).candidates.map(({ videoId }) => videoId);

  it('answers a viewer with what that viewer got on the surface', () => {
    expect([ask('u2', 'home'), ask('u2', 'up-next'), ask('u1', 'up-next')]).toEqual([['d'], ['e'], ['a', 'b', 'c']]);
  });

  it('answers viewers who were not recorded as the first who was', () => {
    expect(ask('new', 'home')).toEqual(['a', 'b', 'c']);
  });

  it('keeps to the count and to what is to be left out', () => {
    expect(ask('u1', 'home', { candidateCount: 1 })).toEqual(['a']);
    expect(ask('u1', 'home', { excludeVideoIds: ['a'] })).toEqual(['b', 'c']);
  });

  it('needs a recording', () => {
    expect(() => retrievalAnswers([])).toThrow('make it anew');
  });
});

describe('ranking as recorded', () => {
  const answer = rankingAnswers([ranked('u1', { a: 10, b: 20 }), ranked('u2', { a: 30 })]);
  const ask = (userId: string, ...videoIds: string[]) =>
    answer(
      RankRequest.fromPartial({ state: { userId }, candidates: videoIds.map((videoId) => ({ videoId })) }),
    ).scores.map(({ videoId, expectedWatchSeconds }) => [videoId, expectedWatchSeconds]);

  it('scores each candidate as recorded for the viewer, else as the mean over viewers, else over all', () => {
    expect(ask('u2', 'a', 'b', 'unseen')).toEqual([
      ['a', 30],
      ['b', 20],
      ['unseen', 20],
    ]);
    expect(ask('new', 'a')).toEqual([['a', 20]]);
  });
});
