/** What a replay made, as one text: two versions that made the same, bit for bit, give the same. */
import { createHash, type Hash } from 'node:crypto';
import type { CandidateExample, RankingExample } from '@watchnext/features';
import type { ReplayedLog } from '@watchnext/offline';

/** What is hashed at once. */
const TEXTS_AT_ONCE = 4_096;

/** @returns the SHA-256 of all examples, completed watches, statistics and facts, in hexadecimal digits */
export function digestOf(replayed: ReplayedLog): string {
  const { candidateExamples, rankingExamples, completedWatches, statistics, facts, fromMs, toMs } = replayed;
  const hash = createHash('sha256');
  addAll(hash, candidateExamples, candidateText);
  addAll(hash, rankingExamples, rankingText);
  addAll(hash, completedWatches, ({ userId, videoId, atMs }) => JSON.stringify([userId, videoId, atMs]));
  for (const atMs of [(fromMs + toMs) / 2, Infinity]) hash.update(JSON.stringify(statistics.tables(atMs)));
  hash.update(JSON.stringify([...facts]));
  hash.update(JSON.stringify([replayed.recordCount, replayed.userCount, fromMs, toMs]));
  return hash.digest('hex');
}

function addAll<Item>(hash: Hash, items: Iterable<Item>, textOf: (item: Item) => string): void {
  let texts: string[] = [];
  for (const item of items) {
    texts.push(textOf(item));
    if (texts.length < TEXTS_AT_ONCE) continue;
    hash.update(texts.join('\n'));
    texts = [];
  }
  hash.update(`${texts.join('\n')}\n\n`);
}

export function candidateText({ userId, labelVideoId, labelAtMs, features }: CandidateExample): string {
  const { watchedVideoIds, watchedAtMs, searchTokens, country, device, loggedIn, ageYears, gender } = features;
  const circumstances = [searchTokens, country, device, loggedIn, ageYears, gender];
  return JSON.stringify([userId, labelVideoId, labelAtMs, watchedVideoIds, watchedAtMs, circumstances]);
}

export function rankingText(example: RankingExample): string {
  const { userId, requestId, pageId, impressionId, servedAtMs, position, clicked, watchSeconds, served } = example;
  const { numbers: userNumbers, ...user } = example.user;
  const { videoId, channelId, topics, source, numbers } = example.video;
  const ids = [userId, requestId, pageId, impressionId, servedAtMs, position, clicked, watchSeconds];
  const { snapshotId, score, featuresChecksum } = served;
  return JSON.stringify([
    ids,
    [snapshotId, score, featuresChecksum],
    user,
    bitsOf(userNumbers),
    [videoId, channelId, topics, source],
    bitsOf(numbers),
  ]);
}

/** JSON makes null of NaN and 0 of −0. */
function bitsOf(numbers: Float64Array): string {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64');
}
