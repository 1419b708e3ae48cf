/**
 * Scores that another program gave the same impressions, for a comparison paired on users. A CSV file with the columns
 * user_id, video_id, is_click, watch_seconds, score, as `kuairand_trees.py` writes it; ids may lack the importer's prefix.
 */
import { readCsv } from '@watchnext/datasets';
import type { RankingExample } from '@watchnext/features';
import { EvaluationDataError } from '../data/watch-data';

const COLUMNS = ['user_id', 'video_id', 'is_click', 'watch_seconds', 'score'] as const;

export interface PeerScores {
  /** One for each impression, NaN where the file has none. */
  readonly scores: Float64Array;
  readonly matchedCount: number;
  /** Rows of the file for which no impression was found. */
  readonly unmatchedRowCount: number;
}

/**
 * Finds each row's impression by user, video and outcome. Where a user has several impressions of a video with the same
 * outcome, they are taken in order; which is which makes no difference to any metric within one page.
 *
 * @throws EvaluationDataError for a row that cannot be read, or a file that has nothing to do with the impressions
 */
export async function readPeerScores(file: string, impressions: readonly RankingExample[]): Promise<PeerScores> {
  const waiting = new Map<string, number[]>();
  impressions.forEach(({ userId, video, clicked, watchSeconds }, index) => {
    const key = keyOf(userId, video.videoId, clicked, watchSeconds);
    const others = waiting.get(key);
    if (others) others.push(index);
    else waiting.set(key, [index]);
  });
  const scores = new Float64Array(impressions.length).fill(NaN);
  let matchedCount = 0;
  let unmatchedRowCount = 0;
  const refuse = (line: number, reason: string): never => {
    throw new EvaluationDataError(`${file}, line ${line}: ${reason}`);
  };
  for await (const { line, cells } of rowsOf(file, refuse)) {
    const [user, video, click, seconds, score] = cells;
    const [watchSeconds, value] = [Number(seconds), Number(score)];
    if (!Number.isFinite(watchSeconds)) refuse(line, `watch_seconds is no number: "${seconds}"`);
    if (score === '' || !Number.isFinite(value)) refuse(line, `score is no number: "${score}"`);
    const index = waiting.get(keyOf(user, video, Number(click) === 1, watchSeconds))?.shift();
    if (index === undefined) {
      unmatchedRowCount++;
      continue;
    }
    scores[index] = value;
    matchedCount++;
  }
  if (matchedCount === 0) throw new EvaluationDataError(`${file} has no score of any impression that is evaluated`);
  return { scores, matchedCount, unmatchedRowCount };
}

async function* rowsOf(file: string, refuse: (line: number, reason: string) => never) {
  for await (const rows of readCsv(file, COLUMNS, refuse)) yield* rows;
}

function keyOf(userId: string, videoId: string, clicked: boolean, watchSeconds: number): string {
  const bare = (id: string) => id.replace(/^(user|video)-/, '');
  // Seconds of an unclicked impression are play time to some, nothing to others.
  return `${bare(userId)}\t${bare(videoId)}\t${clicked ? watchSeconds.toFixed(3) : ''}`;
}
