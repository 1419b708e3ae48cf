/** Which of the forms that findings ask for are one training. */
import {
  type CandidateModelConfig,
  dataSizeOf,
  defaultCandidateConfig,
  validationCutoff,
} from '@watchnext/candidate-model';
import { defaultRankingConfig, type RankingModelConfig } from '@watchnext/ranking-model';
import type { PaperData } from './data';
import type { Unit } from './units';

/** What a log's size sets where a unit changes nothing: the same for all its units, whatever part of it they train on. */
export function defaultsOf(unit: Unit, data: PaperData): CandidateModelConfig | RankingModelConfig {
  return unit.kind === 'ranking' ? rankingDefaults(data) : candidateDefaults(data);
}

/** All begin at random, as the paper's models do, and not with what the watches say without training. */
export const candidateDefaults = ({ candidates: { videoCount, training } }: PaperData): CandidateModelConfig => ({
  ...defaultCandidateConfig({ ...dataSizeOf(training), videoCount }),
  initialWeights: 'random',
});

export const rankingDefaults = ({ ranking: { videoCount, training } }: PaperData): RankingModelConfig =>
  defaultRankingConfig({ videoCount, exampleCount: training.length });

/** k of the recall that stands beside MAP. */
export const recallKOf = ({ candidates }: PaperData): number => validationCutoff(candidates.videoCount);

/** The unit without settings that only repeat a default, so that findings that name one training in two ways share it. */
export function trainedAs(unit: Unit, data: PaperData): Unit {
  const defaults = defaultsOf(unit, data) as unknown as Record<string, unknown>;
  const isSaid = ([name, value]: readonly [string, unknown]) =>
    JSON.stringify(value) !== JSON.stringify(defaults[name]);
  return { ...unit, change: Object.fromEntries(Object.entries(unit.change).filter(isSaid)) } as Unit;
}
