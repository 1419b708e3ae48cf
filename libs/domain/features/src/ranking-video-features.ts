/** The video's part of the ranking model's inputs, once a candidate: what `ranking-features.ts` says of times and NaN holds here. */
import type { Affinity, DismissalEntry, Exposure, RequestContext, UserState, WatchEntry } from '@watchnext/contract';
import { affinityOf } from './affinities';
import { dismissalOf, exposureOf } from './exposures';
import { placesOf } from './places-of';
import { completionOf, hoursBetween } from './ranking-units';
import type { RankingCandidate, RankingVideoFeatures } from './types';
import { firstOfNewest } from './watches';

/** Names of `RankingVideoFeatures.numbers`, in order; all of them of this video and this user. */
export const RANKING_VIDEO_NUMBERS = [
  'durationSeconds',
  'hoursSinceUpload',
  'sourceScore',
  'channelWatchCount',
  'channelWatchSeconds',
  'hoursSinceChannelWatch',
  /** Over the video's topics; a topic never watched counts 0. */
  'maximumTopicWatchCount',
  'meanTopicWatchCount',
  'maximumTopicWatchSeconds',
  'meanTopicWatchSeconds',
  'hoursSinceTopicWatch',
  /**
   * How much of what the user was shown of the video's topics, and of its channel, it watched: taste, where counts alone
   * also say what was put before it. See `writeTasteRates`.
   */
  'maximumTopicWatchRate',
  'meanTopicWatchRate',
  /** The largest rate over the user's own rate of anything. */
  'topicLift',
  'channelWatchRate',
  /** Of the user's watches, the part in one of the video's topics. */
  'maximumTopicWatchShare',
  'previousImpressionCount',
  'hoursSincePreviousImpression',
  /** Among the recent watches. */
  'videoWatchCount',
  'hoursSinceVideoWatch',
  'lastVideoCompletion',
  'dismissed',
  'hoursSinceDismissal',
] as const;

/** One candidate's; for the candidates of a request see `rankingVideoFeaturesFor`. */
export function rankingVideoFeatures(
  state: UserState,
  candidate: RankingCandidate,
  context: RequestContext,
): RankingVideoFeatures {
  return rankingVideoFeaturesFor(state, context)(candidate);
}

/**
 * Does the state's part of the work, once a request.
 * @param candidateCount about how many will be asked for: of many the state is looked up in tables made for them
 * @param numbers gives what a candidate's numbers go into: the same for all to whom one candidate at a time is enough
 * @returns what gives a candidate's features, as long as the state does not change
 */
export function rankingVideoFeaturesFor(
  state: UserState,
  context: RequestContext,
  candidateCount = 1,
  numbers: () => Float64Array = () => new Float64Array(RANKING_VIDEO_NUMBERS.length),
): (candidate: RankingCandidate) => RankingVideoFeatures {
  const nowMs = context.requestedAtMs;
  const past = candidateCount < MANY_CANDIDATES ? searched(state, nowMs) : tabled(state, nowMs);
  return (candidate) => videoFeatures(past, candidate, context, numbers());
}

/** From about so many candidates on, tables of a full state cost less than searching its lists for each. */
const MANY_CANDIDATES = 50;

/** What of a state all candidates of a request are held against: its lists, by key. */
interface StatePast {
  readonly channelOf: (key: string) => Affinity | undefined;
  readonly topicOf: (key: string) => Affinity | undefined;
  readonly exposureOf: (videoId: string) => Exposure | undefined;
  readonly dismissalOf: (videoId: string) => DismissalEntry | undefined;
  /** Of before the request; undefined for none. */
  readonly watchesOf: (videoId: string) => WatchesOfVideo | undefined;
  readonly taste: TasteTotals;
}

interface WatchesOfVideo {
  count: number;
  last: WatchEntry;
}

const searched = ({ channels, topics, exposures, dismissals, watches }: UserState, nowMs: number): StatePast => ({
  channelOf: (key) => affinityOf(channels, key),
  topicOf: (key) => affinityOf(topics, key),
  exposureOf: (videoId) => exposureOf(exposures, videoId),
  dismissalOf: (videoId) => dismissalOf(dismissals, videoId),
  watchesOf: (videoId) => watchesOf(watches, videoId, nowMs),
  taste: tasteTotals(topics, nowMs),
});

function tabled({ channels, topics, exposures, dismissals, watches }: UserState, nowMs: number): StatePast {
  const by = <Entry>(entries: readonly Entry[], keyOf: (entry: Entry) => string) => {
    const table = new Map(entries.map((entry) => [keyOf(entry), entry]));
    return (key: string) => table.get(key);
  };
  const watchesByVideo = allWatchesByVideo(watches, nowMs);
  return {
    channelOf: by(channels, ({ key }) => key),
    topicOf: by(topics, ({ key }) => key),
    exposureOf: by(exposures, ({ videoId }) => videoId),
    dismissalOf: by(dismissals, ({ videoId }) => videoId),
    watchesOf: (videoId) => watchesByVideo.get(videoId),
    taste: tasteTotals(topics, nowMs),
  };
}

/** Where each of a candidate's numbers goes: an object with all of them, put in order, takes as long as all else here. */
const AT = placesOf(RANKING_VIDEO_NUMBERS);

/** @param numbers every one of them is written */
function videoFeatures(
  past: StatePast,
  candidate: RankingCandidate,
  context: RequestContext,
  numbers: Float64Array,
): RankingVideoFeatures {
  const nowMs = context.requestedAtMs;
  const { videoId, video, source, sourceScore } = candidate;
  const channelId = video?.channelId ?? '';
  const topics = video?.topics ?? [];
  numbers[AT.durationSeconds] = video?.durationSeconds || NaN;
  // An upload time ahead of the request is a clock's fault; the video is new.
  numbers[AT.hoursSinceUpload] = video?.uploadedAtMs ? Math.max(0, hoursBetween(video.uploadedAtMs, nowMs)) : NaN;
  // The log holds it as float32 without −0, and what was served must come out of the log again.
  numbers[AT.sourceScore] = Number.isFinite(sourceScore) ? Math.fround(sourceScore) + 0 : NaN;

  const channelAffinity = past.channelOf(channelId);
  const channel = watchedBefore(channelAffinity, nowMs);
  numbers[AT.channelWatchCount] = channelId === '' ? NaN : (channel?.watchCount ?? 0);
  numbers[AT.channelWatchSeconds] = channelId === '' ? NaN : (channel?.watchSeconds ?? 0);
  numbers[AT.hoursSinceChannelWatch] = hoursBetween(channel?.lastWatchedAtMs, nowMs);
  const topicAffinities = topics.map(past.topicOf);
  writeTopicHistory(topicAffinities, nowMs, numbers);
  writeTasteRates(past.taste, channelId === '' ? NO_CHANNEL : channelAffinity, topicAffinities, nowMs, numbers);

  const exposure = past.exposureOf(videoId);
  const shown = exposure !== undefined && exposure.lastShownAtMs < nowMs ? exposure : undefined;
  numbers[AT.previousImpressionCount] = shown?.impressionCount ?? 0;
  numbers[AT.hoursSincePreviousImpression] = hoursBetween(shown?.lastShownAtMs, nowMs);
  const watched = past.watchesOf(videoId);
  const lastWatch = watched?.last;
  numbers[AT.videoWatchCount] = watched?.count ?? 0;
  numbers[AT.hoursSinceVideoWatch] = hoursBetween(lastWatch?.startedAtMs, nowMs);
  numbers[AT.lastVideoCompletion] =
    lastWatch !== undefined && lastWatch.durationSeconds > 0 ? completionOf(lastWatch) : NaN;
  const dismissal = past.dismissalOf(videoId);
  const dismissed = dismissal !== undefined && dismissal.dismissedAtMs < nowMs ? dismissal : undefined;
  numbers[AT.dismissed] = dismissed === undefined ? 0 : 1;
  numbers[AT.hoursSinceDismissal] = hoursBetween(dismissed?.dismissedAtMs, nowMs);
  return { videoId, channelId, topics, source, numbers };
}

/** Of one video, the recent ones before `nowMs`; `watches` ascend by time. */
function watchesOf(watches: readonly WatchEntry[], videoId: string, nowMs: number): WatchesOfVideo | undefined {
  let count = 0;
  let last: WatchEntry | undefined;
  for (let i = firstOfNewest(watches); i < watches.length && watches[i].startedAtMs < nowMs; i++) {
    if (watches[i].videoId !== videoId) continue;
    count++;
    last = watches[i];
  }
  return last && { count, last };
}

/** The same of every video. */
function allWatchesByVideo(watches: readonly WatchEntry[], nowMs: number): Map<string, WatchesOfVideo> {
  const byVideo = new Map<string, WatchesOfVideo>();
  for (let i = firstOfNewest(watches); i < watches.length && watches[i].startedAtMs < nowMs; i++) {
    const entry = watches[i];
    const watched = byVideo.get(entry.videoId);
    if (watched) {
      watched.count++;
      watched.last = entry;
    } else {
      byVideo.set(entry.videoId, { count: 1, last: entry });
    }
  }
  return byVideo;
}

/** @param topics what the user has to do with each of the video's topics */
function writeTopicHistory(topics: readonly (Affinity | undefined)[], nowMs: number, numbers: Float64Array): void {
  let maximumWatchCount = topics.length > 0 ? 0 : NaN;
  let maximumWatchSeconds = maximumWatchCount;
  let watchCount = 0;
  let watchSeconds = 0;
  let lastWatchedAtMs: number | undefined;
  for (const known of topics) {
    const affinity = watchedBefore(known, nowMs);
    if (affinity === undefined) continue;
    maximumWatchCount = Math.max(maximumWatchCount, affinity.watchCount);
    maximumWatchSeconds = Math.max(maximumWatchSeconds, affinity.watchSeconds);
    watchCount += affinity.watchCount;
    watchSeconds += affinity.watchSeconds;
    lastWatchedAtMs = Math.max(lastWatchedAtMs ?? 0, affinity.lastWatchedAtMs);
  }
  numbers[AT.maximumTopicWatchCount] = maximumWatchCount;
  // 0 / 0 is NaN: a video without topics says nothing.
  numbers[AT.meanTopicWatchCount] = watchCount / topics.length;
  numbers[AT.maximumTopicWatchSeconds] = maximumWatchSeconds;
  numbers[AT.meanTopicWatchSeconds] = watchSeconds / topics.length;
  numbers[AT.hoursSinceTopicWatch] = hoursBetween(lastWatchedAtMs, nowMs);
}

/** Watches and showings behind a rate, as if there had been as many more at the rate above it. */
const PRIOR_WATCH_RATE = 0.2;
const PRIOR_SHOWINGS = 10;
/** Watches that a topic's share is drawn towards none by. */
const PRIOR_WATCHES = 8;
/** Of a video whose channel is not known. */
const NO_CHANNEL = 'no channel';

/**
 * Rates of watches per showing, each drawn to the one above it by `PRIOR_SHOWINGS`: a prior, the user's over all topics that
 * the state holds, one topic's, a channel's. Watches that did not follow from a showing count too, so a rate may be above 1.
 */
function writeTasteRates(
  { watches, ratedWatches, showings }: TasteTotals,
  channel: Affinity | undefined | typeof NO_CHANNEL,
  topics: readonly (Affinity | undefined)[],
  nowMs: number,
  numbers: Float64Array,
): void {
  const userRate = (ratedWatches + PRIOR_SHOWINGS * PRIOR_WATCH_RATE) / (showings + PRIOR_SHOWINGS);
  let maximum = 0;
  let sum = 0;
  let mostWatches = 0;
  for (const affinity of topics) {
    const topicRate = watchRateOf(affinity, userRate, nowMs);
    maximum = Math.max(maximum, topicRate);
    sum += topicRate;
    if (affinity !== undefined) mostWatches = Math.max(mostWatches, watchesBefore(affinity, nowMs));
  }
  const hasTopics = topics.length > 0;
  const meanTopicWatchRate = hasTopics ? sum / topics.length : userRate;
  numbers[AT.maximumTopicWatchRate] = hasTopics ? maximum : NaN;
  numbers[AT.meanTopicWatchRate] = hasTopics ? meanTopicWatchRate : NaN;
  numbers[AT.topicLift] = hasTopics ? maximum / userRate : NaN;
  numbers[AT.channelWatchRate] = channel === NO_CHANNEL ? NaN : watchRateOf(channel, meanTopicWatchRate, nowMs);
  numbers[AT.maximumTopicWatchShare] = hasTopics ? mostWatches / (watches + PRIOR_WATCHES) : NaN;
}

function watchRateOf(affinity: Affinity | undefined, prior: number, nowMs: number): number {
  if (affinity === undefined || !isRated(affinity, nowMs)) return prior;
  const watches = watchesBefore(affinity, nowMs) + PRIOR_SHOWINGS * prior;
  return watches / (affinity.impressionCount + PRIOR_SHOWINGS);
}

/** Over all topics that the state holds. */
interface TasteTotals {
  readonly watches: number;
  /** Of those that have a rate, with what they were shown. */
  readonly ratedWatches: number;
  readonly showings: number;
}

function tasteTotals(affinities: readonly Affinity[], nowMs: number): TasteTotals {
  let [watches, ratedWatches, showings] = [0, 0, 0];
  for (const affinity of affinities) {
    const watchCount = watchesBefore(affinity, nowMs);
    watches += watchCount;
    if (!isRated(affinity, nowMs)) continue;
    ratedWatches += watchCount;
    showings += affinity.impressionCount;
  }
  return { watches, ratedWatches, showings };
}

const watchesBefore = ({ watchCount, lastWatchedAtMs }: Affinity, nowMs: number) =>
  lastWatchedAtMs < nowMs ? watchCount : 0;
/** Of what was shown at the request's time or later it is not known how often it had been shown before: its watches alone are no rate. */
const isRated = ({ lastShownAtMs }: Affinity, nowMs: number) => lastShownAtMs < nowMs;

/** The affinity, if it comes from a watch of before. */
const watchedBefore = (affinity: Affinity | undefined, nowMs: number): Affinity | undefined =>
  affinity !== undefined && affinity.watchCount > 0 && affinity.lastWatchedAtMs < nowMs ? affinity : undefined;
