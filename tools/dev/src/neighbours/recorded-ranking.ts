/**
 * Ranking as recorded: the score that a candidate got for this viewer; else its mean over the viewers who were recorded;
 * else the mean of all scores. So every candidate has a score, and the same one each time.
 */
import { type RankRequest, type RankResponse, type RankScore, RankingServiceService } from '@watchnext/contract';
import type { Exchange } from '../recording';
import { type Neighbour, serveGrpc } from './neighbour';

type Recorded = readonly Exchange<RankRequest, RankResponse>[];

/** @throws Error for a recording without any call */
export function rankingAnswers(exchanges: Recorded): (request: RankRequest) => RankResponse {
  const [first] = exchanges;
  if (first === undefined) throw new Error('the recording holds no call of ranking: make it anew');
  const byViewer = new Map<string, RankScore>();
  const byVideo = new Map<string, RankScore[]>();
  for (const { request, response } of exchanges) {
    for (const score of response.scores) {
      byViewer.set(keyOf(request.state?.userId, score.videoId), score);
      byVideo.set(score.videoId, [...(byVideo.get(score.videoId) ?? []), score]);
    }
  }
  const all = [...byVideo.values()].flat();
  const { snapshotId, heldSnapshotIds } = first.response;
  return ({ state, candidates }) => ({
    snapshotId,
    heldSnapshotIds,
    scores: candidates.map(
      ({ videoId }) =>
        byViewer.get(keyOf(state?.userId, videoId)) ?? { ...meanOf(byVideo.get(videoId) ?? all), videoId },
    ),
  });
}

const keyOf = (userId: string | undefined, videoId: string) => JSON.stringify([userId, videoId]);

function meanOf(scores: readonly RankScore[]): Omit<RankScore, 'videoId'> {
  const mean = (of: (score: RankScore) => number) => scores.reduce((sum, score) => sum + of(score), 0) / scores.length;
  return {
    expectedWatchSeconds: mean(({ expectedWatchSeconds }) => expectedWatchSeconds),
    logit: mean(({ logit }) => logit),
    featuresChecksum: 0,
    features: [],
    parts: [],
  };
}

export function serveRecordedRanking(exchanges: Recorded): Promise<Neighbour> {
  return serveGrpc('ranking', RankingServiceService, 'rank', rankingAnswers(exchanges));
}
