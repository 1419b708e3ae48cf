/**
 * A plain file of sequences, as research code passes them around: a line for each user, `user<TAB>item item …`, items in
 * the order of watching. There are no times, so the models get no example age and recency has no baseline.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { HISTORY_LENGTH } from '@watchnext/candidate-model';
import { type CandidateExample, NO_CIRCUMSTANCES } from '@watchnext/features';
import { EvaluationDataError, type UserWatches, type WatchData } from './watch-data';

/** @throws EvaluationDataError naming the line at fault; the system's error where the file cannot be read */
export async function readSequences(
  path: string,
  onProgress: (lines: number) => void = () => undefined,
): Promise<WatchData> {
  const users: UserWatches[] = [];
  const userIds = new Set<string>();
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })) {
    line += 1;
    if (text.trim() === '') continue;
    const refuse = (reason: string) =>
      new EvaluationDataError(`${path}, line ${line}: ${reason}; a line is "user<TAB>item item …"`);
    const tab = text.indexOf('\t');
    if (tab === -1) throw refuse('there is no tab after the user');
    const userId = text.slice(0, tab).trim();
    const videoIds = text
      .slice(tab + 1)
      .split(' ')
      .filter((id) => id !== '');
    if (userId === '') throw refuse('the user is empty');
    if (videoIds.length === 0) throw refuse(`user ${userId} has no items`);
    if (userIds.has(userId)) throw refuse(`user ${userId} was there before`);
    userIds.add(userId);
    users.push({ userId, examples: examplesOf(userId, videoIds) });
    if (line % 1_000 === 0) onProgress(line);
  }
  if (users.length === 0) throw new EvaluationDataError(`${path} is empty; a line is "user<TAB>item item …"`);
  return { source: path, timed: false, users, uploadedAtMs: new Map() };
}

function examplesOf(userId: string, videoIds: readonly string[]): CandidateExample[] {
  return videoIds.map((labelVideoId, place) => ({
    userId,
    labelVideoId,
    labelAtMs: 0,
    features: {
      watchedVideoIds: videoIds.slice(Math.max(0, place - HISTORY_LENGTH), place),
      ...NO_CIRCUMSTANCES,
    },
  }));
}
