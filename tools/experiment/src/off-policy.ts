/** Values policies that were not served, from the places that were filled by chance. */
import { TOPICS, type ExplorationOption } from '@watchnext/contract';
import { type EventArchive, sqlText } from '@watchnext/event-archive';
import {
  DEFAULT_OFF_POLICY_LIMITS,
  estimateOffPolicy,
  type LoggedDraw,
  type OffPolicyEstimate,
  type OffPolicyLimits,
} from '@watchnext/experiments';
import { DAY_MS } from '@watchnext/features';
import { createExposureTables, NO_MACHINES } from './exposure-tables';
import { chooseLists, readPlaybacks, readServedLists } from './served-lists';

/** Probabilities of the options under the policy to be valued; the first option is the one without chance. */
export type Policy = (options: readonly ExplorationOption[]) => readonly number[];

/** @throws RangeError for a name that is no policy */
export function policyOf(text: string): Policy {
  const [name, parameter] = text.split('=') as [string, string | undefined];
  // "epsilon=" would be 0, and of a variable of the shell that is not set.
  const value = parameter?.trim() ? Number(parameter) : NaN;
  if (name === 'greedy' && parameter === undefined)
    return (options) => options.map((_, index) => (index === 0 ? 1 : 0));
  if (name === 'uniform' && parameter === undefined) return (options) => options.map(() => 1 / options.length);
  if (name === 'epsilon' && value >= 0 && value <= 1)
    return (options) => options.map((_, index) => value / options.length + (index === 0 ? 1 - value : 0));
  if (name === 'softmax' && value > 0) {
    return (options) => {
      const most = Math.max(...options.map(({ score }) => score ?? 0));
      const weights = options.map(({ score }) => Math.exp(((score ?? 0) - most) / value));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return weights.map((weight) => weight / total);
    };
  }
  throw new RangeError(
    `there is no policy ${text}; there are greedy, uniform, epsilon=0.1 (any from 0 to 1), softmax=20 (temperature in seconds)`,
  );
}

const MOST_LISTS = 1_000_000;

export interface OffPolicyQuestion {
  readonly policy: Policy;
  readonly fromMs: number;
  /** Exclusive. Impressions younger than a day may still be watched: end a day before now. */
  readonly untilMs: number;
  readonly limits?: OffPolicyLimits;
  /** Only lists of this experiment. */
  readonly experiment?: string;
  /** Only this place; needed where several were drawn, whose rewards are not of one kind. */
  readonly position?: number;
}

export interface Draws {
  readonly draws: readonly LoggedDraw[];
  /** Places that they are of, ascending. */
  readonly positions: readonly number[];
  /** Draws that nothing can be said of: without a score, as ranking had failed open, or of a video that is not at its place. */
  readonly dropped: { readonly unscored: number; readonly notShown: number };
}

export type PolicyValue = OffPolicyEstimate & Pick<Draws, 'positions' | 'dropped'>;

/** Draws of the archive, machines left out: reward is the watch seconds that the drawn video earned at its place, within a day. */
export async function readDraws(
  archive: EventArchive,
  { policy, fromMs, untilMs, experiment, position: onlyPosition }: OffPolicyQuestion,
): Promise<Draws> {
  const fromDay = new Date(fromMs - DAY_MS).toISOString().slice(0, 10);
  return archive.analyse(TOPICS.activity, { fromDay }, async (table) => {
    // For the programs alone.
    const exposure = { startMs: fromMs, endMs: untilMs, covariateDays: 0, isAttributed: false };
    await createExposureTables(table, { ...exposure, experiment: undefined });
    await chooseLists(
      table,
      `explored AND occurred_at_ms >= ${fromMs} AND occurred_at_ms < ${untilMs} AND ${NO_MACHINES}
        ${experiment === undefined ? '' : `AND regexp_matches(assignments, ${sqlText(`(^|;)${experiment}=`)})`}`,
      MOST_LISTS,
    );
    const playbacks = await readPlaybacks(table, fromMs, untilMs);
    const draws: LoggedDraw[] = [];
    const positions = new Set<number>();
    const dropped = { unscored: 0, notShown: 0 };
    for await (const { served, atMs } of readServedLists(table)) {
      for (const { position, options } of served.exploredPlaces) {
        if (onlyPosition !== undefined && position !== onlyPosition) continue;
        const item = served.items.find((one) => one.position === position);
        const index = options.findIndex(({ videoId }) => videoId === item?.videoId);
        if (!item || index < 0) {
          dropped.notShown++;
          continue;
        }
        // Neither softmax nor the doubly robust estimate can say anything of it.
        if (!options.every(({ score }) => score !== undefined)) {
          dropped.unscored++;
          continue;
        }
        positions.add(position);
        const target = policy(options);
        draws.push({
          userId: served.userId,
          propensity: options[index].probability,
          targetProbability: target[index],
          reward: playbacks.of(item, atMs)?.watchSeconds ?? 0,
          predicted: options[index].score!,
          predictedOfTarget: options.reduce((sum, { score }, i) => sum + target[i] * score!, 0),
        });
      }
    }
    return { draws, positions: [...positions].sort((a, b) => a - b), dropped };
  });
}

/** @throws RangeError for draws of several places */
export async function valuePolicy(archive: EventArchive, question: OffPolicyQuestion): Promise<PolicyValue> {
  const { draws, positions, dropped } = await readDraws(archive, question);
  if (positions.length > 1)
    throw new RangeError(
      `places ${positions.join(', ')} were drawn, which are not of one kind: choose one by --position`,
    );
  return { ...estimateOffPolicy(draws, question.limits ?? DEFAULT_OFF_POLICY_LIMITS), positions, dropped };
}
