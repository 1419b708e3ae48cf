/** The trainings of one model's members, one after the other, and their state while they are not done. */
import {
  createTable,
  type DenseStack,
  initialiseStack,
  learningRateScale,
  type NamedArray,
  type NamedTensors,
  overwriteFrom,
  type Random,
  shuffle,
  tensorsOf,
  type TrainingCheckpoints,
  type Vocabulary,
} from '@watchnext/learning';
import { crossBucketsOf, type RankingModelConfig } from './config';
import { CrossTraining } from './crosses';
import type { RankingEngine, RankingEngineFactory, RankingNetwork, RankingOptimizerState } from './engine';
import type { Member } from './ensemble';
import type { InputLayout } from './input-layout';
import type { ProgressOfAll } from './progress';
import type { TrainingSet } from './training-set';

export interface MemberTrainings {
  readonly set: TrainingSet;
  readonly layout: InputLayout;
  readonly vocabularies: readonly Vocabulary[];
  readonly config: RankingModelConfig;
  readonly createEngine: RankingEngineFactory;
  readonly random: Random;
  readonly progress: ProgressOfAll;
  /** Overwrites what an earlier model knows, in a member's tables and tower as they were drawn. */
  readonly begin?: (member: number, drawn: Member) => void;
  /** Names of examples, for messages. */
  nameOf(example: number): string;
  readonly checkpoints?: TrainingCheckpoints;
  /** Of these trainings, for `checkpoints`. */
  readonly key: string;
  readonly signal?: AbortSignal;
}

/** Beyond the log of any watch time that counts. */
const MOST_LOG_ODDS = 12;
/** Standard deviation of a new embedding's values: small beside normalised numbers, so that unseen ids stay near zero. */
const EMBEDDING_SCALE = 0.05;

/** A member's training, stopped after so many steps. */
interface Unfinished extends Member {
  readonly step: number;
  readonly optimizers: RankingOptimizerState;
  readonly crossTraining?: CrossTraining;
}

/** @throws Error when a loss is not finite, naming the batch; the signal's reason when aborted, having saved the state */
export async function trainMembers(trainings: MemberTrainings): Promise<Member[]> {
  const { config, createEngine, checkpoints, key, signal } = trainings;
  const { members, unfinished } = await resume(trainings);
  trainings.progress.passOver(members.length * stepCountOf(trainings) + (unfinished?.step ?? 0));
  const first = members.length;
  for (let m = first; m < config.members; m++) {
    const going = m === first ? unfinished : undefined;
    const { network: drawn, crossTraining: untrained } = newTraining(trainings, m);
    const network = { ...drawn, ...going };
    const crossTraining = going ? going.crossTraining : untrained;
    const crosses = crossTraining && { crosses: crossTraining.table };
    const position = { step: going?.step ?? 0 };
    const engine = await createEngine(network);
    try {
      await runSteps(trainings, engine, m, position, crossTraining);
      members.push({ tables: network.tables, tower: await engine.finish(), ...crosses });
    } catch (error) {
      if (signal?.aborted && error === signal.reason) {
        const tower = await engine.finish();
        const optimizers = await engine.readOptimizers();
        const reached = { tables: network.tables, tower, ...crosses, crossTraining, optimizers, ...position };
        await checkpoints?.save(key, pack(members, reached));
      }
      throw error;
    } finally {
      await engine.dispose();
    }
  }
  if (first < config.members) await checkpoints?.save(key, pack(members, undefined));
  return members;
}

function stepCountOf({ set, config: { batchSize, epochs } }: MemberTrainings): number {
  return Math.ceil(set.exampleCount / batchSize) * epochs;
}

interface NewTraining {
  readonly network: RankingNetwork;
  readonly crossTraining: CrossTraining | undefined;
}

function newTraining(trainings: MemberTrainings, member: number): NewTraining {
  const { layout, vocabularies, config, set, random, begin } = trainings;
  const drawn = random.fork(`member ${member}`);
  const sizes = [layout.inputSize, ...config.hiddenSizes, set.baseOdds.length];
  const crossTraining =
    config.crosses && new CrossTraining(crossBucketsOf(config), set.baseOdds.length, config, drawn.fork('crosses'));
  const network = {
    inputSize: layout.inputSize,
    batchSize: config.batchSize,
    tables: vocabularies.map(({ rowCount }, i) =>
      createTable(rowCount, layout.tableDimensions[i], drawn.fork(`table ${i}`), EMBEDDING_SCALE),
    ),
    inputs: layout.embeddings,
    hasOffsets: crossTraining !== undefined,
    tower: newTower(sizes, set.baseOdds, drawn.fork('tower')),
    learningRate: config.learningRate,
    tableLearningRate: config.tableLearningRate,
    tableDecay: config.tableDecay,
    gradientClip: config.gradientClip,
  };
  begin?.(member, { ...network, ...(crossTraining ? { crosses: crossTraining.table } : {}) });
  return { network, crossTraining };
}

/** Begins at the odds of all examples together, so that no step is spent on finding the level. */
function newTower(sizes: readonly number[], baseOdds: readonly number[], random: Random): DenseStack {
  const tower = initialiseStack(sizes, random);
  const { bias } = tower[tower.length - 1];
  // Odds of all or nothing, where every impression was clicked, would begin and stay at infinity.
  baseOdds.forEach((odds, head) => (bias[head] = Math.min(Math.max(Math.log(odds), -MOST_LOG_ODDS), MOST_LOG_ODDS)));
  return tower;
}

/** @param position up to whose step random numbers are drawn, and no more; then it is moved on */
async function runSteps(
  trainings: MemberTrainings,
  engine: RankingEngine,
  member: number,
  position: { step: number },
  crosses: CrossTraining | undefined,
): Promise<void> {
  const { set, config, progress, signal } = trainings;
  const { batchSize, epochs } = config;
  const stepCount = stepCountOf(trainings);
  const firstStep = position.step;
  const order = Int32Array.from({ length: set.exampleCount }, (_, i) => i);
  const drawn = trainings.random.fork(`member ${member}`);
  const orders = drawn.fork('order');
  const dropout = drawn.fork('dropout');
  for (let step = 0; step < stepCount; step++) {
    const epoch = Math.floor((step * epochs) / stepCount);
    const from = (step % (stepCount / epochs)) * batchSize;
    if (from === 0) shuffle(order, orders);
    const examples = order.subarray(from, Math.min(from + batchSize, order.length));
    if (step < firstStep) {
      set.passOver(examples.length, dropout);
      continue;
    }
    signal?.throwIfAborted();
    const rateScale = learningRateScale(config, step, stepCount);
    const batch = set.batch(examples, dropout);
    if (crosses) crosses.fill(batch.crossRows, batch.offsets!.logits);
    const loss = await engine.step(batch, rateScale);
    if (!Number.isFinite(loss)) {
      const some = [...examples.subarray(0, 3)].map((example) => trainings.nameOf(example)).join(', ');
      throw new Error(`ranking: the loss of step ${step} (epoch ${epoch}, impressions ${some}, …) is ${loss}`);
    }
    if (crosses) crosses.update(batch.crossRows, batch.offsets!.gradients, rateScale);
    position.step = step + 1;
    // Steps may be synchronous: let timers, signals and sockets have their turn.
    if (progress.add(epoch, loss, examples.length)) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Order of examples and dropout are functions of the seed and the step: they are drawn anew, not kept. */
function pack(members: readonly Member[], unfinished: Unfinished | undefined): NamedTensors {
  const position = [members.length, unfinished?.step ?? 0, unfinished?.optimizers.stepCount ?? 0];
  return tensorsOf([
    ['position', Int32Array.from(position)],
    ...members.flatMap((member, m) => arraysOf(`member.${m}`, member)),
    ...(unfinished ? unfinishedArrays(members.length, unfinished) : []),
  ]);
}

async function resume(trainings: MemberTrainings): Promise<{ members: Member[]; unfinished: Unfinished | undefined }> {
  const { checkpoints, key, config } = trainings;
  const nothing = { members: [], unfinished: undefined };
  const saved = await checkpoints?.load(key);
  if (!saved) return nothing;
  try {
    const position = new Int32Array(3);
    overwriteFrom(saved, [['position', position]]);
    const [memberCount, step, adamSteps] = position;
    if (!(memberCount <= config.members)) throw new Error(`the state of the training has ${memberCount} members`);
    const members = Array.from({ length: memberCount }, (_, m) => newMember(trainings, m));
    const unfinished = step > 0 ? newUnfinished(trainings, memberCount, step, adamSteps) : undefined;
    overwriteFrom(saved, [
      ...members.flatMap((member, m) => arraysOf(`member.${m}`, member)),
      ...(unfinished ? unfinishedArrays(memberCount, unfinished) : []),
    ]);
    return { members, unfinished };
  } catch (error) {
    await checkpoints?.discard(key, error as Error);
    return nothing;
  }
}

function newMember(trainings: MemberTrainings, member: number): Member {
  const { network, crossTraining } = newTraining(trainings, member);
  const { tables, tower } = network;
  return { tables, tower, ...(crossTraining ? { crosses: crossTraining.table } : {}) };
}

function newUnfinished(trainings: MemberTrainings, member: number, step: number, stepCount: number): Unfinished {
  const { network, crossTraining } = newTraining(trainings, member);
  const { tables, tower } = network;
  const zeros = () =>
    tower.flatMap(({ weights, bias }) => [weights, bias]).map(({ length }) => new Float32Array(length));
  const accumulators = tables.map(({ rowCount }) => new Float32Array(rowCount));
  return {
    tables,
    tower,
    ...(crossTraining ? { crosses: crossTraining.table, crossTraining } : {}),
    step,
    optimizers: { stepCount, accumulators, firstMoments: zeros(), secondMoments: zeros() },
  };
}

function unfinishedArrays(member: number, unfinished: Unfinished): NamedArray[] {
  const { accumulators, firstMoments, secondMoments } = unfinished.optimizers;
  const named = (name: string, arrays: readonly Float32Array[]) =>
    arrays.map((array, i): NamedArray => [`optimizers.${name}.${i}`, array]);
  return [
    ...arraysOf(`member.${member}`, unfinished),
    ...named('accumulators', accumulators),
    ...named('first', firstMoments),
    ...named('second', secondMoments),
    ...(unfinished.crossTraining ? named('crosses', [unfinished.crossTraining.accumulators]) : []),
  ];
}

function arraysOf(name: string, { tables, tower, crosses }: Member): NamedArray[] {
  return [
    ...(crosses ? [[`${name}.crosses`, crosses.values] as const] : []),
    ...tables.map(({ values }, i): NamedArray => [`${name}.tables.${i}`, values]),
    ...tower.flatMap(({ weights, bias }, i): NamedArray[] => [
      [`${name}.tower.${i}.weights`, weights],
      [`${name}.tower.${i}.bias`, bias],
    ]),
  ];
}
