/** What follows from the settings for the parts of the gateway. */
import type { GatewaySettings } from './config';
import type { RecommendOptions } from './recommend';
import type { AdaptiveLimitOptions } from './resilience/adaptive-limit';

/** How lists are made. */
export function recommendOptions(settings: GatewaySettings): RecommendOptions {
  const epsilon = settings.WATCHNEXT_FRESH_EPSILON;
  const { WATCHNEXT_FRESH_POSITION: position, WATCHNEXT_FRESH_POOL: poolSize } = settings;
  return {
    candidateCount: settings.WATCHNEXT_CANDIDATES,
    deadlineMs: settings.WATCHNEXT_DEADLINE_MS,
    logPatienceMs: settings.WATCHNEXT_LOG_PATIENCE_MS,
    caps: { channelCap: settings.WATCHNEXT_CHANNEL_CAP, topicCap: settings.WATCHNEXT_TOPIC_CAP },
    fatigue: {
      impressionCount: settings.WATCHNEXT_FATIGUE_IMPRESSIONS,
      restMs: settings.WATCHNEXT_FATIGUE_HOURS * 3_600_000,
    },
    freshExploration: epsilon > 0 ? { position, poolSize, epsilon } : undefined,
  };
}

/**
 * Where there is room the limit grows within a second. From far above it would not come down where requests are few: with half of it
 * never in use, it would not be felt. Nor is it so low that a hung dependency, whose requests the ladder answers, is felt.
 */
const INITIAL_IN_FLIGHT = 32;
/** Few enough to end an overload of a gateway that has a part of a core: more in work would all be late. */
const LEAST_IN_FLIGHT = 4;

/** How many lists may be in work at once. */
export function limitOptions({
  WATCHNEXT_MAX_IN_FLIGHT: maximum,
  WATCHNEXT_DEADLINE_MS: deadlineMs,
}: GatewaySettings): AdaptiveLimitOptions {
  return {
    maximum,
    initial: Math.min(maximum, INITIAL_IN_FLIGHT),
    minimum: Math.min(maximum, LEAST_IN_FLIGHT),
    // Past half of its deadline a request lives on what the ladder keeps for it.
    targetMs: deadlineMs / 2,
  };
}
