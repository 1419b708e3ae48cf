import {
  RANKING_USER_NUMBERS,
  RANKING_VIDEO_NUMBERS,
  type RankingExample,
  StatisticsTimeline,
} from '@watchnext/features';
import type { ReplayedLog } from '@watchnext/offline';
import { digestOf } from './digest';

const ranking = (number: number): RankingExample => ({
  userId: 'u',
  requestId: 'r',
  pageId: 'r',
  impressionId: 'i',
  servedAtMs: 5,
  position: 0,
  user: {
    userId: 'u',
    lastWatchedVideoId: '',
    seedVideoId: '',
    surface: '',
    country: '',
    device: '',
    searches: { tokens: [], last: [] },
    numbers: new Float64Array(RANKING_USER_NUMBERS.length),
  },
  video: {
    videoId: 'v',
    channelId: '',
    topics: [],
    source: '',
    numbers: new Float64Array(RANKING_VIDEO_NUMBERS.length).fill(number),
  },
  clicked: false,
  watchSeconds: 0,
  served: { snapshotId: '', score: undefined, featuresChecksum: undefined },
});

function logOf(overrides: Partial<ReplayedLog> = {}): ReplayedLog {
  return {
    candidateExamples: [],
    rankingExamples: [ranking(0)],
    completedWatches: [{ userId: 'u', videoId: 'v', atMs: 5 }],
    statistics: new StatisticsTimeline(),
    facts: new Map(),
    recordCount: 2,
    userCount: 1,
    fromMs: 5,
    toMs: 5,
    ...overrides,
  };
}

describe('the digest of a replay', () => {
  it('is the same of the same', () => {
    expect(digestOf(logOf())).toBe(digestOf(logOf()));
    expect(digestOf(logOf())).toMatch(/^[0-9a-f]{64}$/);
  });

  it('tells apart what differs in a bit, and what is counted alone', () => {
    const statistics = new StatisticsTimeline();
    statistics.addWatch(5, 'v');
    const others = [
      logOf({ rankingExamples: [ranking(-0)] }),
      logOf({ rankingExamples: [ranking(NaN)] }),
      logOf({ completedWatches: [{ userId: 'u', videoId: 'v', atMs: 6 }] }),
      logOf({ statistics }),
      logOf({ userCount: 2 }),
    ];
    expect(new Set([logOf(), ...others].map(digestOf)).size).toBe(1 + others.length);
  });
});
