/** How the models of days in turn begin, and how long each is trained. */
import type { RankingModelConfig } from '@watchnext/ranking-model';

export interface DailyForm {
  readonly name: string;
  /** Whether each day's model begins with that of the day before; the first one has none. */
  readonly isWarm: boolean;
  readonly change: Partial<RankingModelConfig>;
}

/**
 * The first is what the others are compared with.
 * @param epochs of a training from nothing
 * @param tried as many epochs of a warm one, and, where they are fewer than `epochs`, from nothing too
 */
export function dailyForms(epochs: number, tried: readonly number[]): DailyForm[] {
  const fewer = tried.filter((n) => n < epochs);
  return [
    { name: `anew, ${counted(epochs)}`, isWarm: false, change: {} },
    ...fewer.map((n) => ({ name: `anew, ${counted(n)}`, isWarm: false, change: { epochs: n } })),
    ...tried.map((n) => ({ name: `warm, ${counted(n)}`, isWarm: true, change: { warmEpochs: n } })),
  ];
}

const counted = (epochs: number) => `${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`;
