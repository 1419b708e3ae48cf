/** Held-out days too few to tell which scorer is better, and how many would be enough. */
import { MINIMUM_SAMPLE, spanOfLog } from '@watchnext/evaluation';
import { DAY_MS } from '@watchnext/features';
import { EvaluationDataError, type WatchData } from '../data/watch-data';
import { type HeldOut, type Protocol, type Seen, splitWatches, type TemporalSplit } from './protocol';

/** Of the time, at most: the trainer's. */
const MOST_OF_THE_TIME = 0.2;

const countsOf = (queries: readonly HeldOut[]) => ({
  userCount: new Set(queries.map(({ example }) => example.userId)).size,
  queryCount: queries.length,
});
type Counts = ReturnType<typeof countsOf>;

const tells = ({ userCount, queryCount }: Counts) =>
  userCount >= MINIMUM_SAMPLE.users && queryCount >= MINIMUM_SAMPLE.rows;
const say = ({ userCount, queryCount }: Counts) => `${queryCount} queries of ${userCount} users`;

/**
 * What to say before work that may say nothing; undefined where there is enough, or no days were counted. The trainer holds out more days by
 * itself; here the days are as asked for, for figures of two runs are compared.
 */
export function fewQueriesWarning(
  queries: readonly HeldOut[],
  data: WatchData,
  protocol: Protocol,
  part: 'test' | 'validation',
  seen: Seen,
): string | undefined {
  const counts = countsOf(queries);
  if (protocol.name !== 'temporal' || tells(counts)) return undefined;
  const { users, rows } = MINIMUM_SAMPLE;
  const text = `the ${part} part asks only ${say(counts)}, fewer than the ${rows} queries of ${users} users that it takes to tell scorers apart`;
  if (protocol.testFromMs !== undefined) return `${text}: an earlier --test-from asks more`;
  const more = moreDays(data, protocol, part, seen);
  return more === undefined || more.queryCount <= counts.queryCount
    ? `${text}, and more days than ${protocol.testDays} ask no more: --protocol leave-one-out asks about a watch of every user`
    : `${text}: --test-days ${more.testDays} asks ${say(more)}`;
}

/** The first doubling of the days that is enough, or the most. */
function moreDays(data: WatchData, protocol: TemporalSplit, part: 'test' | 'validation', seen: Seen) {
  const { fromMs, toMs } = spanOfLog(data.users.flatMap(({ examples }) => examples.map((one) => one.labelAtMs)));
  const mostDays = Math.floor((MOST_OF_THE_TIME * (toMs - fromMs)) / DAY_MS);
  let most: ({ testDays: number } & Counts) | undefined;
  for (let days = 2 * protocol.testDays; days < 2 * mostDays; days *= 2) {
    const testDays = Math.min(days, mostDays);
    try {
      most = { testDays, ...countsOf(splitWatches(data, { ...protocol, testDays }, seen)[part]) };
    } catch (error) {
      if (!(error instanceof EvaluationDataError)) throw error;
    }
    if (most !== undefined && tells(most)) break;
  }
  return most;
}
