/** Which cohorts the held-out watches belong to. */
import {
  cohortLimits,
  cohortsOf,
  watchCounts,
  type Cohort,
  type CohortLimits,
  type WatchLog,
} from '@watchnext/evaluation';
import { DAY_MS } from '@watchnext/features';
import type { WatchData } from '../data/watch-data';
import type { HeldOut } from './protocol';

/**
 * @param log the watches that training saw
 * @returns the cohorts of each query, and the limits that they were told apart by
 */
export function cohortsOfQueries(
  queries: readonly HeldOut[],
  log: WatchLog,
  { uploadedAtMs, timed }: Pick<WatchData, 'uploadedAtMs' | 'timed'>,
): { limits: CohortLimits; cohorts: Cohort[][] } {
  const videoCounts = watchCounts(log);
  const userCounts = log.userIds.map((_, user) => log.starts[user + 1] - log.starts[user]);
  const limits = cohortLimits(userCounts, videoCounts);
  const videoIndex = new Map(log.videoIds.map((id, index) => [id, index]));
  const userIndex = new Map(log.userIds.map((id, index) => [id, index]));
  const firstMs = firstWatches(log);
  const cohorts = queries.map(({ example }) => {
    const video = videoIndex.get(example.labelVideoId);
    const user = userIndex.get(example.userId);
    const bornMs = uploadedAtMs.get(example.labelVideoId) ?? (video === undefined ? undefined : firstMs?.[video]);
    const facts = {
      userWatchCount: user === undefined ? 0 : userCounts[user],
      videoWatchCount: video === undefined ? 0 : videoCounts[video],
      videoAgeDays: timed && bornMs !== undefined ? (example.labelAtMs - bornMs) / DAY_MS : undefined,
    };
    return cohortsOf(facts, limits);
  });
  return { limits, cohorts };
}

function firstWatches({ atMs, videos, videoIds }: WatchLog): Float64Array | undefined {
  if (!atMs) return undefined;
  const first = new Float64Array(videoIds.length).fill(Infinity);
  videos.forEach((video, position) => (first[video] = Math.min(first[video], atMs[position])));
  return first;
}
