/**
 * Looks at a snapshot before it takes over. Its digests are right already and its gate was passed; what is left to go wrong
 * is between its parts, or between it and this program: an index over other vectors, a tower that sends every viewer to the same
 * place, vectors that training blew up. So real queries are asked, those of viewers who were here a moment ago.
 */
import { RECALL_K, recallAtK } from '@watchnext/ann-index';
import { RequestContext } from '@watchnext/contract';
import { candidateFeatures, type CandidateFeatures, newState } from '@watchnext/features';
import type { RetrievalSnapshot } from './retrieval-snapshot';
import { userVectorOf } from './user-vector';

export interface CanaryLimits {
  /** Recall@100 against exact search on the canary queries, at least. */
  readonly minimumRecall: number;
  /** Share of the previous snapshot's answers that come again, at least. */
  readonly minimumOverlap: number;
}

export interface CanaryReport {
  readonly queryCount: number;
  readonly recall: number;
  /** Mean share of the previous answers that the new snapshot gives too; undefined where there is nothing to compare, and on the way back. */
  readonly overlap: number | undefined;
}

/** A snapshot that is sound by its digests and not by its answers. */
export class CanaryError extends Error {
  readonly code = 'canary-failed';
  constructor(
    message: string,
    readonly report: CanaryReport,
  ) {
    super(message);
    this.name = 'CanaryError';
  }
}

const MOST_QUERIES = 50;
/** What a request makes is to be gone soon: few are kept, and of a busy time as many as of its viewers. */
const KEEP_EVERY_MS = 1_000;
/** Fewer say nothing of all viewers: a lone one of an odd taste would keep every new snapshot out. */
const FEWEST_QUERIES = 10;
/** Far fewer answers come again than are found at all, and of some viewers none: it takes more of them to say that the models are to blame. */
const FEWEST_COMPARED_QUERIES = 20;
/**
 * Recall that must be reached where videos stand in for viewers. The graph is made for viewers' vectors; of long video vectors
 * among short ones it may find nine tenths (MovieTweetings: 89.9%), while an index over other vectors finds next to none.
 */
const STAND_IN_RECALL = 0.5;
/** Videos compared of each answer; of a catalogue not ten times as large chance alone would bring many of them. */
const COMPARED = 50;
/** A smaller catalogue says nothing of the overlap. */
const FEWEST_COMPARED_VIDEOS = 1_000;
const NEWCOMER = candidateFeatures(newState(''), RequestContext.fromPartial({}), true);
const UNRESTRICTED = { excluded: new Int32Array(0), blockedChannels: [], forbiddenRules: new Uint8Array(0) };

/** One query for each of the last viewers: a thousand pages of one, or the probes of a monitor, are one taste. */
export class CanaryQueries {
  /** In the order in which they came. */
  private readonly byViewer = new Map<string, CandidateFeatures>();
  private keptAtMs = -Infinity;

  add(userId: string, features: CandidateFeatures, nowMs = performance.now()): void {
    // One that is there takes nobody's turn.
    if (nowMs - this.keptAtMs < KEEP_EVERY_MS || this.byViewer.has(userId)) return;
    this.keptAtMs = nowMs;
    this.byViewer.set(userId, features);
    const [oldest] = this.byViewer.keys();
    if (this.byViewer.size > MOST_QUERIES) this.byViewer.delete(oldest!);
  }

  all(): readonly CandidateFeatures[] {
    return [...this.byViewer.values()];
  }
}

/**
 * @param previous the snapshot that serves now, open until this settles
 * @param canaries of as many viewers
 * @param closing looked at before each query
 * @throws CanaryError for one that must not take over; the reason of `closing`
 */
export async function checkSnapshot(
  snapshot: RetrievalSnapshot,
  previous: RetrievalSnapshot | undefined,
  canaries: readonly CandidateFeatures[],
  limits: CanaryLimits,
  closing?: AbortSignal,
): Promise<CanaryReport> {
  const vectors = await queryVectors(snapshot, canaries);
  let recall = 0;
  for (const query of vectors) {
    closing?.throwIfAborted();
    const { found, exact } = await snapshot.index.compare(query, RECALL_K);
    recall += recallAtK(found, exact, RECALL_K) / vectors.length;
  }
  const overlap = previous && (await overlapOf(snapshot, previous, canaries, closing));
  const report = { queryCount: vectors.length, recall: vectors.length === 0 ? 1 : recall, overlap };
  const areEnough = canaries.length >= FEWEST_QUERIES;
  const minimumRecall = areEnough ? limits.minimumRecall : Math.min(STAND_IN_RECALL, limits.minimumRecall);
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  if (!(report.recall >= minimumRecall)) {
    throw new CanaryError(
      `recall@100 on ${vectors.length} canary queries is ${percent(recall)}, below ${percent(minimumRecall)}`,
      report,
    );
  }
  if (overlap !== undefined && !(overlap >= limits.minimumOverlap)) {
    throw new CanaryError(
      `${percent(overlap)} of the previous answers to canary queries come again, below ${percent(limits.minimumOverlap)}`,
      report,
    );
  }
  return report;
}

/**
 * Where too few asked yet, some of the videos stand in for viewers: they find a broken index. A viewer of whom nothing is known shows
 * a tower whose weights are not finite, since none of them is passed by: zero times NaN is NaN.
 */
async function queryVectors(
  snapshot: RetrievalSnapshot,
  canaries: readonly CandidateFeatures[],
): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for (const features of canaries) {
    vectors.push(finite(await userVectorOf(snapshot, features), canaries.length));
  }
  if (canaries.length >= FEWEST_QUERIES) return vectors;
  finite(await userVectorOf(snapshot, NEWCOMER), canaries.length);
  const { videoVectors, videoCount, config } = snapshot.model;
  const count = Math.min(MOST_QUERIES - vectors.length, videoCount);
  for (let i = 0; i < count; i++) {
    const row = Math.floor((i * videoCount) / count);
    vectors.push(videoVectors.slice(row * config.dimensions, (row + 1) * config.dimensions));
  }
  return vectors;
}

/** @throws CanaryError */
function finite(vector: Float32Array, queryCount: number): Float32Array {
  if (vector.every(Number.isFinite)) return vector;
  const report = { queryCount, recall: NaN, overlap: undefined };
  throw new CanaryError('the user tower gives vectors that are not finite', report);
}

async function overlapOf(
  snapshot: RetrievalSnapshot,
  previous: RetrievalSnapshot,
  canaries: readonly CandidateFeatures[],
  closing: AbortSignal | undefined,
): Promise<number | undefined> {
  // Ids sort by time. A rollback leaves answers that somebody found bad: to be other than those is what it is for.
  if (snapshot.snapshotId < previous.snapshotId) return undefined;
  const videos = Math.min(snapshot.model.videoCount, previous.model.videoCount);
  if (canaries.length < FEWEST_COMPARED_QUERIES || videos < FEWEST_COMPARED_VIDEOS) return undefined;
  let sum = 0;
  for (const features of canaries) {
    closing?.throwIfAborted();
    const before = await answer(previous, features);
    const now = new Set(await answer(snapshot, features));
    sum += before.filter((videoId) => now.has(videoId)).length / before.length;
  }
  return sum / canaries.length;
}

async function answer(snapshot: RetrievalSnapshot, features: CandidateFeatures): Promise<string[]> {
  const query = await userVectorOf(snapshot, features);
  // A full queue says nothing of the snapshot.
  const { labels } = await snapshot.index.nearest({ query, k: COMPARED, ...UNRESTRICTED }, { isPatient: true });
  return labels.map((label) => snapshot.videos.videoIdOf(label));
}
