/**
 * Looks at a snapshot before it takes over. Its digests are right and its parts fit each other; what is left is what they compute:
 * a tower that training blew up, or that this program's engine reads otherwise. As many
 * runs are begun at once as there are threads: one that is idle gets a run, which makes it warm too, and one busy with requests may not.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { TowerOverloadedError } from '@watchnext/inference';
import { rank, type RankQuery } from './rank';
import type { RankingSnapshot } from './ranking-snapshot';

/** A snapshot that is sound by its digests and not by its scores. */
export class ScoresError extends Error {
  readonly code = 'scores-not-finite';
  constructor(message: string) {
    super(message);
    this.name = 'ScoresError';
  }
}

/** As many rows as a request hands over at most. */
const ROWS = 256;
const MOST_QUERIES = 8;
const MOST_CANDIDATES = 64;
/** Requests are kept no more often: what a request makes is to be gone soon. */
const KEEP_EVERY_MS = 1_000;
const BUSY_MS = 50;
const BUSY_LIMIT_MS = 30_000;

/** Some of the last requests. */
export class LastQueries {
  private readonly latest: RankQuery[] = [];
  private next = 0;
  private keptAtMs = -Infinity;

  add(query: RankQuery, nowMs = performance.now()): void {
    if (nowMs - this.keptAtMs < KEEP_EVERY_MS) return;
    this.keptAtMs = nowMs;
    this.latest[this.next] = { ...query, candidates: query.candidates.slice(0, MOST_CANDIDATES), explain: false };
    this.next = (this.next + 1) % MOST_QUERIES;
  }

  all(): readonly RankQuery[] {
    return this.latest;
  }
}

/**
 * Scores rows of zeros, which a weight that is not finite does not survive, once for each thread, and the requests given.
 * @param closing aborted, what waits for a free thread, or was not begun, is not done
 * @returns requests scored
 * @throws ScoresError for a snapshot that must not take over
 */
export async function checkSnapshot(
  snapshot: RankingSnapshot,
  queries: readonly RankQuery[],
  threadCount: number,
  closing: AbortSignal = new AbortController().signal,
): Promise<{ readonly queryCount: number }> {
  const { model, tower } = snapshot.ranker;
  const user = new Float32Array(model.userSize);
  const videos = new Float32Array(ROWS * model.videoSize);
  // Begun together: each goes to the idlest thread.
  const runs = Array.from({ length: threadCount }, () => whenFree(() => tower.run(user, videos, ROWS), closing));
  for (const logits of await Promise.all(runs)) {
    if (!logits.every(Number.isFinite)) throw new ScoresError('the ranker gives logits that are not finite');
    requireFinite(model.scoreOf(logits, 0), 'of a row of zeros');
  }
  for (const query of queries) {
    for (const score of await whenFree(() => rank(snapshot, query, closing), closing)) {
      requireFinite(score, `of video ${score.videoId} in one of the last requests`);
    }
  }
  return { queryCount: queries.length };
}

function requireFinite(score: { readonly logit: number; readonly expectedWatchSeconds: number }, whose: string): void {
  const { logit, expectedWatchSeconds } = score;
  if (Number.isFinite(logit) && Number.isFinite(expectedWatchSeconds)) return;
  throw new ScoresError(`the score ${whose} is not finite: logit ${logit}, ${expectedWatchSeconds} seconds`);
}

/** A full queue says nothing of the snapshot. */
async function whenFree<T>(work: () => Promise<T>, closing: AbortSignal): Promise<T> {
  for (let waitedMs = 0; ; waitedMs += BUSY_MS) {
    closing.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TowerOverloadedError) || waitedMs >= BUSY_LIMIT_MS) throw error;
      await delay(BUSY_MS);
    }
  }
}
