/** Ranking's inputs from everybody's impressions: rates of the video, its channel and its topics. */
import { inOrder } from './in-order';
import { EVERYWHERE } from './statistics';
import type { ImpressionCounts, RankingVideoFeatures, Statistics } from './types';

/** Names of `statisticsNumbers`, in order. */
export const RANKING_STATISTICS_NUMBERS = [
  'videoImpressionCount',
  'videoClickRate',
  'videoMeanWatchSecondsPerImpression',
  'videoWatchCount',
  /** Of the video on the surface of the request; without impressions there, of the video anywhere. */
  'videoOnSurfaceClickRate',
  'videoOnSurfaceMeanWatchSecondsPerImpression',
  /** Over all videos of the channel; over all impressions of a video with any of the topics. */
  'channelClickRate',
  'channelMeanWatchSecondsPerImpression',
  'topicClickRate',
  'topicMeanWatchSecondsPerImpression',
  /** Over all videos of the channel in the country of the request; without impressions there, anywhere. */
  'channelInCountryClickRate',
  'channelInCountryMeanWatchSecondsPerImpression',
  /** How often the channel was shown in the country, over how often if it were shown alike everywhere. */
  'channelInCountryShowings',
] as const;

/**
 * What a video is worth before it was shown: as if it had been shown 20 times before, at a click rate of 0.1 and with
 * 3 seconds watched per impression. So a rate of 1 out of 1 stays below 30 out of 100. The level hardly matters, since
 * the model sees ranks (quantiles); the weight of 20 is where the noise of a rate near 0.1 falls below the rate.
 */
const PRIOR = { impressionCount: 20, clickCount: 2, watchSeconds: 60 } as const;
const PRIOR_RATES: Rates = {
  clickRate: PRIOR.clickCount / PRIOR.impressionCount,
  watchSeconds: PRIOR.watchSeconds / PRIOR.impressionCount,
};
const NO_COUNTS: ImpressionCounts = { impressionCount: 0, clickCount: 0, clickWatchSeconds: 0, watchCount: 0 };

/** Showings of a channel in a country behind the ratio, as if there had been as many more as in other countries. */
const PRIOR_SHOWINGS = 2;

/** Where an impression is asked for. */
export interface RequestPlace {
  readonly surface: string;
  readonly country: string;
}

/** The numbers that users of a country share, by `RANKING_STATISTICS_NUMBERS`; NaN where there are no impressions to count. */
export function statisticsNumbers(
  statistics: Statistics,
  { surface, country }: RequestPlace,
  { videoId, channelId, topics }: Pick<RankingVideoFeatures, 'videoId' | 'channelId' | 'topics'>,
): Float64Array {
  const counts = statistics.ofVideo(videoId);
  const video = ratesOf(counts, PRIOR_RATES);
  const onSurface = video && ratesOf(statistics.ofVideoOn(surface, videoId) ?? NO_COUNTS, video);
  const channel = ratesOf(channelId === '' ? undefined : statistics.ofChannel(channelId), PRIOR_RATES);
  const topic = ratesOf(sumOf(topics, statistics), PRIOR_RATES);
  const ofCountry = country === '' || channelId === '' ? undefined : statistics.ofChannelIn(country, channelId);
  const inCountry = channel && ratesOf(ofCountry ?? NO_COUNTS, channel);
  const numbers: Record<(typeof RANKING_STATISTICS_NUMBERS)[number], number> = {
    videoImpressionCount: counts?.impressionCount ?? NaN,
    videoClickRate: video?.clickRate ?? NaN,
    videoMeanWatchSecondsPerImpression: video?.watchSeconds ?? NaN,
    videoWatchCount: counts?.watchCount ?? NaN,
    videoOnSurfaceClickRate: onSurface?.clickRate ?? NaN,
    videoOnSurfaceMeanWatchSecondsPerImpression: onSurface?.watchSeconds ?? NaN,
    channelClickRate: channel?.clickRate ?? NaN,
    channelMeanWatchSecondsPerImpression: channel?.watchSeconds ?? NaN,
    topicClickRate: topic?.clickRate ?? NaN,
    topicMeanWatchSecondsPerImpression: topic?.watchSeconds ?? NaN,
    channelInCountryClickRate: inCountry?.clickRate ?? NaN,
    channelInCountryMeanWatchSecondsPerImpression: inCountry?.watchSeconds ?? NaN,
    channelInCountryShowings: channel ? showingsIn(statistics, country, channelId, ofCountry) : NaN,
  };
  return inOrder(RANKING_STATISTICS_NUMBERS, numbers);
}

function showingsIn(
  statistics: Statistics,
  country: string,
  channelId: string,
  counts: ImpressionCounts | undefined,
): number {
  const share = statistics.impressionCountIn(country) / statistics.impressionCountIn(EVERYWHERE);
  // An unknown country, or one that nothing was shown in, says nothing.
  if (country === EVERYWHERE || !(share > 0)) return NaN;
  const expected = (statistics.ofChannel(channelId)?.impressionCount ?? 0) * share;
  return ((counts?.impressionCount ?? 0) + PRIOR_SHOWINGS) / (expected + PRIOR_SHOWINGS);
}

/** Means over impressions. */
interface Rates {
  readonly clickRate: number;
  readonly watchSeconds: number;
}

/** The counts' own means, drawn to the prior as if that had been seen in `PRIOR.impressionCount` more impressions. */
function ratesOf(counts: ImpressionCounts | undefined, prior: Rates): Rates | undefined {
  if (counts === undefined) return undefined;
  const weight = counts.impressionCount + PRIOR.impressionCount;
  return {
    clickRate: (counts.clickCount + PRIOR.impressionCount * prior.clickRate) / weight,
    watchSeconds: (counts.clickWatchSeconds + PRIOR.impressionCount * prior.watchSeconds) / weight,
  };
}

function sumOf(topics: readonly string[], statistics: Statistics): ImpressionCounts | undefined {
  let sum: ImpressionCounts | undefined;
  for (const topic of topics) {
    const counts = statistics.ofTopic(topic);
    if (counts === undefined) continue;
    sum = {
      impressionCount: counts.impressionCount + (sum?.impressionCount ?? 0),
      clickCount: counts.clickCount + (sum?.clickCount ?? 0),
      clickWatchSeconds: counts.clickWatchSeconds + (sum?.clickWatchSeconds ?? 0),
      watchCount: counts.watchCount + (sum?.watchCount ?? 0),
    };
  }
  return sum;
}
