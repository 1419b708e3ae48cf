/**
 * What a run of many units will take, said before it begins and while it goes on. Work is counted in multiplications and
 * turned into seconds by rates that were measured once; on another machine they are off by a factor, which the time left
 * does not see, since it goes by how fast the work so far was done.
 */
import { type CandidateModelConfig, interestsOf, towerSizes } from '@watchnext/candidate-model';
import type { RankingModelConfig } from '@watchnext/ranking-model';
import type { PaperData } from './data';
import { defaultsOf } from './trained-as';
import type { AgeCurveUnit, CandidateUnit, RankingUnit, Unit } from './units';

/** Multiplications a second of one core: of the kernels that train, and of the plain loops that validate and ask. */
const TRAINING_RATE = 8e9;
const ASKING_RATE = 0.8e9;
/** Of one impression each time that it is shown in training, beside the tower: its row put together, its tables' updates. */
const ROW_SECONDS = 12e-6;
/** A step goes forward once, and back for the inputs and for the weights. */
const PASSES = 3;
/** Most that one validation multiplies. */
const VALIDATION_LIMIT = 2e9;
/** Numbers of an input row that are no history: searches, place, reals. */
const OTHER_INPUTS = 64;
const RANKING_INPUTS = 300;

/** Seconds of one core that training and asking are expected to take. */
export function plannedSeconds(unit: Unit, data: PaperData): number {
  if (unit.kind === 'ranking') return rankingSeconds(unit, data);
  const config = { ...defaultsOf(unit, data), ...unit.change } as CandidateModelConfig;
  const { training, queries } = data.candidates;
  const isCurve = unit.kind === 'age-curve';
  const asked = isCurve ? training.length / 4 : queries.length;
  const trained = isCurve ? training.length - asked : training.length;
  const shared = candidateSeconds(config, trained, data) * epochsOf(unit);
  return shared + (asked * askingWork(config, data)) / ASKING_RATE;
}

/** As shares of a whole training. */
function epochsOf(unit: CandidateUnit | AgeCurveUnit): number {
  const epochs = unit.kind === 'candidate' ? unit.epochs : undefined;
  // Warm: the earlier log, somewhat shorter, with all of them.
  return epochs === 'warm' ? 1.3 : epochs === 'half' ? 0.5 : 1;
}

function candidateSeconds(config: CandidateModelConfig, exampleCount: number, data: PaperData): number {
  const { negativeCount, dimensions } = config;
  // What is held out ends a training: both logs are best after some six epochs.
  const epochCount = Math.min(config.epochCount, 6 + config.patienceEpochs);
  const negatives = Math.min(negativeCount, data.candidates.videoCount);
  const step = towerWork(config) + negatives * interestsOf(config) * dimensions;
  const validation = Math.min(VALIDATION_LIMIT, (exampleCount / 10) * askingWork(config, data));
  return epochCount * ((PASSES * exampleCount * step) / TRAINING_RATE + validation / ASKING_RATE);
}

const askingWork = (config: CandidateModelConfig, { candidates }: PaperData) =>
  towerWork(config) + candidates.videoCount * interestsOf(config) * config.dimensions;

function towerWork(config: CandidateModelConfig): number {
  const { historyEncoder, historyHeads, dimensions } = config;
  const histories = historyEncoder === 'mean' ? 1 : historyEncoder === 'mean-and-last' ? 2 : historyHeads + 1;
  return stackWork(towerSizes(histories * dimensions + OTHER_INPUTS, config));
}

function rankingSeconds(unit: RankingUnit, data: PaperData): number {
  const config = { ...defaultsOf(unit, data), ...unit.change } as RankingModelConfig;
  const { epochs, hiddenSizes, members, calibrated } = config;
  const { training, heldOut } = data.ranking;
  const rows = training.length * epochs * members * (calibrated ? 1.8 : 1);
  const work = stackWork([RANKING_INPUTS, ...hiddenSizes, 2]);
  return rows * (ROW_SECONDS + (PASSES * work) / TRAINING_RATE) + heldOut.length * 2 * ROW_SECONDS;
}

const stackWork = (sizes: readonly number[]) => sizes.slice(1).reduce((sum, size, i) => sum + size * sizes[i], 0);

export interface PlannedPart {
  readonly name: string;
  readonly trainings: number;
  readonly seconds: number;
}

/** As it is printed before anything is trained. @param parts what is left to do, log by log */
export function planText(parts: readonly PlannedPart[], done: number, workers: number): string {
  const minutes = (seconds: number) => `${Math.max(1, Math.round(seconds / 60))} min`;
  const total = parts.reduce((sum, { seconds }) => sum + seconds, 0);
  const count = parts.reduce((sum, { trainings }) => sum + trainings, 0);
  if (count === 0) return `all ${done} trainings are there`;
  return [
    `${done} of ${done + count} trainings are there; of the others, about, on one core:`,
    ...parts.map(({ name, trainings, seconds }) => `  ${name}: ${trainings} in ${minutes(seconds)}`),
    `altogether ${minutes(total)} of one core, ${minutes(total / workers)} with ${workers} side by side`,
  ].join('\n');
}
