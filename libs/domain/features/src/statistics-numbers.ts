/** Ranking's inputs from everybody's impressions: rates of the video, its channel and its topics. */
import { placesOf } from './places-of';
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
const PRIOR_IMPRESSIONS = 20;
const PRIOR_CLICK_RATE = 2 / PRIOR_IMPRESSIONS;
const PRIOR_WATCH_SECONDS = 60 / PRIOR_IMPRESSIONS;

const NO_COUNTS: ImpressionCounts = { impressionCount: 0, clickCount: 0, clickWatchSeconds: 0, watchCount: 0 };

/** Showings of a channel in a country behind the ratio, as if there had been as many more as in other countries. */
const PRIOR_SHOWINGS = 2;

/** Where an impression is asked for. */
export interface RequestPlace {
  readonly surface: string;
  readonly country: string;
}

/** Where each number goes. */
const AT = placesOf(RANKING_STATISTICS_NUMBERS);

/**
 * The numbers that users of a country share, by `RANKING_STATISTICS_NUMBERS`; NaN where there are no impressions to count.
 * @param numbers where they go, all of them
 */
export function statisticsNumbers(
  statistics: Statistics,
  { surface, country }: RequestPlace,
  { videoId, channelId, topics }: Pick<RankingVideoFeatures, 'videoId' | 'channelId' | 'topics'>,
  numbers = new Float64Array(RANKING_STATISTICS_NUMBERS.length),
): Float64Array {
  const video = statistics.ofVideo(videoId);
  const videoClickRate = clickRateOf(video, PRIOR_CLICK_RATE);
  const videoWatchSeconds = watchSecondsOf(video, PRIOR_WATCH_SECONDS);
  numbers[AT.videoImpressionCount] = video === undefined ? NaN : video.impressionCount;
  numbers[AT.videoClickRate] = videoClickRate;
  numbers[AT.videoMeanWatchSecondsPerImpression] = videoWatchSeconds;
  numbers[AT.videoWatchCount] = video === undefined ? NaN : video.watchCount;

  const onSurface = video && (statistics.ofVideoOn(surface, videoId) ?? NO_COUNTS);
  numbers[AT.videoOnSurfaceClickRate] = clickRateOf(onSurface, videoClickRate);
  numbers[AT.videoOnSurfaceMeanWatchSecondsPerImpression] = watchSecondsOf(onSurface, videoWatchSeconds);

  const channel = channelId === '' ? undefined : statistics.ofChannel(channelId);
  const channelClickRate = clickRateOf(channel, PRIOR_CLICK_RATE);
  const channelWatchSeconds = watchSecondsOf(channel, PRIOR_WATCH_SECONDS);
  numbers[AT.channelClickRate] = channelClickRate;
  numbers[AT.channelMeanWatchSecondsPerImpression] = channelWatchSeconds;

  const topic = sumOf(topics, statistics);
  numbers[AT.topicClickRate] = clickRateOf(topic, PRIOR_CLICK_RATE);
  numbers[AT.topicMeanWatchSecondsPerImpression] = watchSecondsOf(topic, PRIOR_WATCH_SECONDS);

  const known = country === '' || channel === undefined ? undefined : statistics.ofChannelIn(country, channelId);
  const inCountry = channel && (known ?? NO_COUNTS);
  numbers[AT.channelInCountryClickRate] = clickRateOf(inCountry, channelClickRate);
  numbers[AT.channelInCountryMeanWatchSecondsPerImpression] = watchSecondsOf(inCountry, channelWatchSeconds);
  numbers[AT.channelInCountryShowings] =
    channel && inCountry ? showingsIn(statistics, country, channel, inCountry) : NaN;
  return numbers;
}

function showingsIn(
  statistics: Statistics,
  country: string,
  channel: ImpressionCounts,
  inCountry: ImpressionCounts,
): number {
  const share = statistics.impressionCountIn(country) / statistics.impressionCountIn(EVERYWHERE);
  // An unknown country, or one that nothing was shown in, says nothing.
  if (country === EVERYWHERE || !(share > 0)) return NaN;
  return (inCountry.impressionCount + PRIOR_SHOWINGS) / (channel.impressionCount * share + PRIOR_SHOWINGS);
}

/** The counts' own means over impressions, drawn to the prior as if that had been seen in `PRIOR_IMPRESSIONS` more. */
function clickRateOf(counts: ImpressionCounts | undefined, prior: number): number {
  if (counts === undefined) return NaN;
  return (counts.clickCount + PRIOR_IMPRESSIONS * prior) / (counts.impressionCount + PRIOR_IMPRESSIONS);
}

function watchSecondsOf(counts: ImpressionCounts | undefined, prior: number): number {
  if (counts === undefined) return NaN;
  return (counts.clickWatchSeconds + PRIOR_IMPRESSIONS * prior) / (counts.impressionCount + PRIOR_IMPRESSIONS);
}

function sumOf(topics: readonly string[], statistics: Statistics): ImpressionCounts | undefined {
  let isKnown = false;
  let impressionCount = 0;
  let clickCount = 0;
  let clickWatchSeconds = 0;
  let watchCount = 0;
  for (const topic of topics) {
    const counts = statistics.ofTopic(topic);
    if (counts === undefined) continue;
    isKnown = true;
    impressionCount += counts.impressionCount;
    clickCount += counts.clickCount;
    clickWatchSeconds += counts.clickWatchSeconds;
    watchCount += counts.watchCount;
  }
  return isKnown ? { impressionCount, clickCount, clickWatchSeconds, watchCount } : undefined;
}
