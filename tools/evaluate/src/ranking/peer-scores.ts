/**
 * Scores that another program gave the same impressions, for a comparison paired on users. A CSV file with the columns
 * user_id, video_id, is_click, watch_seconds, score, as `kuairand_trees.py` writes it, or with more columns of scores and with
 * impression_id, as `simulate scores` does; ids of users and videos may lack the importer's prefix.
 */
import { readCsv } from '@watchnext/datasets';
import type { RankingExample } from '@watchnext/features';
import { EvaluationDataError } from '../data/watch-data';

const COLUMNS = ['user_id', 'video_id', 'is_click', 'watch_seconds'] as const;
const IMPRESSION_ID = 'impression_id';

export interface PeerScores {
  /** By column of the file: one for each impression, NaN where the file has none. */
  readonly byColumn: ReadonlyMap<string, Float64Array>;
  readonly matchedCount: number;
  /** Rows of the file for which no impression was found. */
  readonly unmatchedRowCount: number;
}

/**
 * Finds each row's impression by its id where the file says it, else by user, video and outcome. Where a user then has several
 * impressions of a video with the same outcome, they are taken in order; which is which makes no difference to any metric
 * within one page.
 *
 * @param columns of scores, at least one
 * @throws EvaluationDataError for a row that cannot be read, a second score of one impression, an outcome that is another than the
 * impression's, or a file that has nothing to do with the impressions
 */
export async function readPeerScores(
  file: string,
  impressions: readonly RankingExample[],
  columns: readonly string[] = ['score'],
): Promise<PeerScores> {
  const byColumn = new Map(columns.map((column) => [column, new Float64Array(impressions.length).fill(NaN)]));
  let matchedCount = 0;
  let unmatchedRowCount = 0;
  const refuse = refusing(file);
  let find: Finder | undefined;
  for await (const { line, cells } of rowsOf(file, columns, refuse)) {
    const [user, video, click, seconds, ...rest] = cells;
    const watchSeconds = Number(seconds);
    if (!Number.isFinite(watchSeconds)) refuse(line, `watch_seconds is no number: "${seconds}"`);
    const isClick = Number(click);
    // Another word for a click would be taken for none, and its row for another impression's.
    if (click === '' || (isClick !== 0 && isClick !== 1)) refuse(line, `is_click is neither 0 nor 1: "${click}"`);
    const values = columns.map((column, i) => {
      const value = Number(rest[i]);
      if (rest[i] === '' || !Number.isFinite(value)) refuse(line, `${column} is no number: "${rest[i]}"`);
      return value;
    });
    const impressionId: string | undefined = rest[columns.length];
    find ??= impressionId === undefined ? finderByOutcome(impressions) : finderById(impressions);
    const key = keyOf(user, video, isClick === 1, watchSeconds);
    const index = find(key, impressionId, (reason) => refuse(line, reason));
    if (index === undefined) {
      unmatchedRowCount++;
      continue;
    }
    columns.forEach((column, i) => (byColumn.get(column)![index] = values[i]));
    matchedCount++;
  }
  if (matchedCount === 0) throw new EvaluationDataError(`${file} has no score of any impression that is evaluated`);
  return { byColumn, matchedCount, unmatchedRowCount };
}

/** So that what the file lacks is said before the log is replayed. @throws EvaluationDataError naming a column that is not there */
export async function requirePeerColumns(file: string, columns: readonly string[]): Promise<void> {
  for await (const _ of rowsOf(file, columns, refusing(file))) return;
}

const refusing =
  (file: string) =>
  (line: number, reason: string): never => {
    throw new EvaluationDataError(`${file}, line ${line}: ${reason}`);
  };

/** @returns index of the row's impression; undefined where it is none of them */
type Finder = (key: string, impressionId: string, refuse: (reason: string) => never) => number | undefined;

function finderByOutcome(impressions: readonly RankingExample[]): Finder {
  const waiting = new Map<string, number[]>();
  impressions.forEach((impression, index) => {
    const key = keyOfImpression(impression);
    const others = waiting.get(key);
    if (others) others.push(index);
    else waiting.set(key, [index]);
  });
  return (key) => waiting.get(key)?.shift();
}

function finderById(impressions: readonly RankingExample[]): Finder {
  const indices = new Map(impressions.map(({ impressionId }, index) => [impressionId, index]));
  const found = new Set<number>();
  return (key, impressionId, refuse) => {
    const index = indices.get(impressionId);
    if (index === undefined) return undefined;
    if (found.has(index)) refuse(`a second score of impression ${impressionId}`);
    found.add(index);
    // The same ids with other outcomes: a file of another archive, as of the same world under other rules.
    if (keyOfImpression(impressions[index]) !== key)
      refuse(`user, video or outcome is not that of impression ${impressionId}`);
    return index;
  };
}

async function* rowsOf(file: string, columns: readonly string[], refuse: (line: number, reason: string) => never) {
  const wanted = (header: readonly string[]) => [
    ...COLUMNS,
    ...columns,
    ...(header.includes(IMPRESSION_ID) ? [IMPRESSION_ID] : []),
  ];
  for await (const rows of readCsv(file, wanted, refuse)) yield* rows;
}

const keyOfImpression = ({ userId, video, clicked, watchSeconds }: RankingExample) =>
  keyOf(userId, video.videoId, clicked, watchSeconds);

function keyOf(userId: string, videoId: string, clicked: boolean, watchSeconds: number): string {
  const bare = (id: string) => id.replace(/^(user|video)-/, '');
  // Seconds of an unclicked impression are play time to some, nothing to others.
  return `${bare(userId)}\t${bare(videoId)}\t${clicked ? watchSeconds.toFixed(3) : ''}`;
}
