import { NO_SEARCHES, RANKING_USER_NUMBERS, RANKING_VIDEO_NUMBERS, type RankingExample } from '@watchnext/features';

type Told = Omit<RankingExample, 'user' | 'video' | 'served'> & {
  readonly videoId: string;
};

/** An impression on the home page of whom and of what nothing else is known: numbers are missing, the channel is "c". */
export function rankingExampleOf({ videoId, ...told }: Told): RankingExample {
  return {
    ...told,
    user: {
      userId: told.userId,
      lastWatchedVideoId: '',
      seedVideoId: '',
      surface: 'home',
      country: '',
      device: '',
      searches: NO_SEARCHES,
      numbers: new Float64Array(RANKING_USER_NUMBERS.length).fill(NaN),
    },
    video: {
      videoId,
      channelId: 'c',
      topics: [],
      source: 'retrieval',
      numbers: new Float64Array(RANKING_VIDEO_NUMBERS.length).fill(NaN),
    },
    served: { snapshotId: '', score: undefined, featuresChecksum: undefined },
  };
}
