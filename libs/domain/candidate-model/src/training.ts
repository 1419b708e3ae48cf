import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CandidateExample } from '@watchnext/features';
import {
  checkSchedule,
  createRandom,
  createTable,
  initialiseStack,
  learningRateScale,
  tableFromValues,
  type DenseStack,
  type EmbeddingTable,
  type Random,
  type TrainingCheckpoints,
  trainingKey,
} from '@watchnext/learning';
import { checkConfig, type CandidateModelConfig } from './config';
import type { CandidateEngine, CandidateEngineFactory, CandidateTables } from './engine';
import { ExampleSet } from './example-set';
import { initialPositions, initialQueries } from './history-heads';
import { InBatchNegatives } from './in-batch-negatives';
import { inputLayout } from './input';
import { CandidateModel, videoVectorsOf } from './model';
import { type NegativeDraw, NegativeSampler } from './negative-sampler';
import { newOptimizerState, packState, type TrainingState, unpackState, type Weights } from './training-state';
import { validationRecall } from './validation';
import { countVocabularies, type CandidateVocabularies } from './vocabularies';
import { warmStart, type WarmStartReport } from './warm-start';

export interface CandidateTrainingOptions {
  readonly examples: readonly CandidateExample[];
  readonly config: CandidateModelConfig;
  /** End of the training window, t_max of the example age: no label may be later. */
  readonly windowEndMs: number;
  readonly createEngine: CandidateEngineFactory;
  /** The same seed, data, settings and engine give the same model, byte for byte. */
  readonly seed: number;
  /** With these, the weights of the epoch with the best recall are kept, and training stops once it no longer rises. */
  readonly validationExamples?: readonly CandidateExample[];
  /** Where the weights begin, as far as they are of the same ids and shapes; without it, at random. */
  readonly warmStart?: CandidateModel;
  /** Called once, where there is a `warmStart`: what of it was taken. */
  readonly onWarmStart?: (report: WarmStartReport) => void;
  readonly onProgress?: (progress: CandidateTrainingProgress) => void;
  /** When aborted the training leaves its state there; the same training goes on from it another time, to the same model. */
  readonly checkpoints?: TrainingCheckpoints;
  readonly signal?: AbortSignal;
}

export interface CandidateTrainingProgress {
  /** From 1. */
  readonly epoch: number;
  readonly epochCount: number;
  /** Steps done, over all epochs. */
  readonly step: number;
  readonly stepCount: number;
  /** Of `step`, those that an earlier run did and this one passed over: they say nothing of how fast it goes. */
  readonly passedOver: number;
  /** Mean over the examples since the last report; at the end of an epoch, over the epoch. */
  readonly loss: number;
  /** Over the same examples; validation is not counted. */
  readonly examplesPerSecond: number;
  /** At the end of an epoch, when there are validation examples. */
  readonly validationRecall?: number;
}

const MS_PER_DAY = 86_400_000;
/** Of a batch that failed. */
const NAMED_EXAMPLES = 3;
/** Pause between reports, and between turns left to timers and signals. */
const REPORT_INTERVAL_MS = 200;

/**
 * Trains the candidate model on next-watch labels.
 * @throws Error when there are no examples, a label is later than the window, or the loss is not finite (it names the
 * batch and some of its examples); the signal's reason when aborted
 */
export async function trainCandidateModel(options: CandidateTrainingOptions): Promise<CandidateModel> {
  const { examples, config, windowEndMs, signal } = options;
  checkConfig(config);
  checkSchedule(config, 'candidate model');
  signal?.throwIfAborted();
  if (examples.length === 0) throw new Error('there are no examples to train a candidate model on');
  const random = createRandom(options.seed);
  const { vocabularies, watchCounts } = countVocabularies(examples, config);
  const windowDays = windowLengthDays(examples, windowEndMs);
  const tables = initialTables(vocabularies, config, random.fork('tables'));
  const layout = inputLayout(tables, config);
  const tower = initialiseStack([layout.inputSize, ...config.hiddenSizes, config.dimensions], random.fork('tower'));
  const taken = options.warmStart && warmStart(options.warmStart, vocabularies, config, { tables, tower });
  if (taken) options.onWarmStart?.(taken);
  const modelWith = (trained: CandidateTables, stack: DenseStack) =>
    new CandidateModel(config, windowDays, vocabularies, trained, videoVectorsOf(trained.output, config), stack);

  const ageShare = (example: CandidateExample) => ageDays(example, windowEndMs) / windowDays;
  const exampleSet = ExampleSet.encode(examples, vocabularies, ageShare, config);
  const validationExamples = options.validationExamples ?? [];
  const validated = validationExamples.map(({ userId, labelVideoId, labelAtMs }) => [userId, labelVideoId, labelAtMs]);
  const start = options.warmStart ? [options.warmStart.videoIds.length, sumOf(options.warmStart.videoVectors)] : [];
  const settings = [config, options.seed, windowEndMs, validated, ...start];
  const key = options.checkpoints ? `candidate-${trainingKey(settings, exampleSet.arrays())}` : '';
  const resumed = await resume(options.checkpoints, key, { tables, tower });
  const engine = await options.createEngine({ ...config, layout, tables, tower, optimizers: resumed?.optimizers });
  try {
    const run = new TrainingRun(options, engine, {
      examples: exampleSet,
      sampler: new NegativeSampler(watchCounts, config.negativePower),
      random,
      firstStep: resumed?.step ?? 0,
      namesOf: (rows) => namesOf(rows, examples, vocabularies),
    });
    const cutoff = validationCutoff(vocabularies.videos.size);
    const recalls = [...(resumed?.recalls ?? [])];
    let best = resumed?.best && modelWith(resumed.best.tables, resumed.best.tower);
    let bestWeights = resumed?.best;
    const save = async () =>
      options.checkpoints?.save(
        key,
        packState({
          tables,
          tower: await engine.read(),
          optimizers: await engine.readOptimizers(),
          step: run.stepsDone,
          recalls,
          best: bestWeights,
        }),
      );
    for (let epoch = 1; epoch <= config.epochCount; epoch++) {
      const progress = await run.epoch(epoch).catch(async (error: unknown) => {
        if (signal?.aborted) await save();
        throw error;
      });
      if (validationExamples.length === 0) {
        options.onProgress?.(progress);
        continue;
      }
      if (epoch > recalls.length) {
        const current = modelWith(tables, await engine.read());
        const recall = validationRecall(current, validationExamples, windowEndMs, cutoff);
        if (recalls.every((earlier) => recall > earlier)) {
          bestWeights = { tables: copyOf(tables), tower: current.tower };
          best = modelWith(bestWeights.tables, bestWeights.tower);
        }
        recalls.push(recall);
      }
      const recall = recalls[epoch - 1];
      options.onProgress?.({ ...progress, validationRecall: recall });
      const bestEpoch = 1 + recalls.slice(0, epoch).indexOf(Math.max(...recalls.slice(0, epoch)));
      if (epoch - bestEpoch >= config.patienceEpochs) break;
    }
    await save();
    return best ?? modelWith(tables, await engine.read());
  } finally {
    await engine.close();
  }
}

/** Tells models apart. */
const sumOf = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0);

/** What `unpackState` fills beside the weights. */
function spareState({ tables, tower }: Weights) {
  const copy = tower.map((layer) => ({ ...layer, weights: layer.weights.slice(), bias: layer.bias.slice() }));
  return { optimizers: newOptimizerState({ tables, tower }), best: { tables: copyOf(tables), tower: copy } };
}

/** Overwrites the weights with what an earlier run left, if anything that fits. */
async function resume(
  checkpoints: TrainingCheckpoints | undefined,
  key: string,
  weights: Weights,
): Promise<TrainingState | undefined> {
  const saved = await checkpoints?.load(key);
  if (!saved) return undefined;
  try {
    return unpackState(saved, { ...weights, ...spareState(weights) });
  } catch (error) {
    await checkpoints?.discard(key, error as Error);
    return undefined;
  }
}

/** k of the validation recall: 100, or less where 100 would be a large part of the catalogue. */
export function validationCutoff(videoCount: number): number {
  return Math.min(100, Math.max(10, Math.floor(videoCount / 20)));
}

/** The epochs of one training, with what carries over from one to the next. */
class TrainingRun {
  private readonly stepCount: number;
  private readonly inBatch: InBatchNegatives;
  private readonly orderRandom: Random;
  private readonly negativeRandom: Random;
  private readonly dropoutRandom: Random;
  /** Steps taken or, before `firstStep`, passed over. */
  private step = 0;
  private turnAtMs = performance.now();

  constructor(
    private readonly options: CandidateTrainingOptions,
    private readonly engine: CandidateEngine,
    private readonly data: {
      readonly examples: ExampleSet;
      readonly sampler: NegativeSampler;
      readonly random: Random;
      readonly firstStep: number;
      /** For messages. */
      readonly namesOf: (rows: Int32Array) => string;
    },
  ) {
    const { config } = options;
    const { examples, sampler } = data;
    const labelCounts = examples.epochLabelCounts(config.examplesPerUserPerEpoch, sampler.videoCount);
    this.inBatch = new InBatchNegatives(sampler, labelCounts);
    const epochSize = data.examples.epochSize(config.examplesPerUserPerEpoch);
    this.stepCount = config.epochCount * Math.ceil(epochSize / config.batchSize);
    this.orderRandom = data.random.fork('order');
    this.negativeRandom = data.random.fork('negatives');
    this.dropoutRandom = data.random.fork('dropout');
  }

  get stepsDone(): number {
    return this.step;
  }

  /** Passes over what was done before. @returns a report over the rest of the epoch, not yet sent */
  async epoch(epoch: number): Promise<CandidateTrainingProgress> {
    const { config, onProgress, signal } = this.options;
    const rows = this.data.examples.drawEpoch(config.examplesPerUserPerEpoch, this.orderRandom);
    const wholeEpoch = new Meter();
    let sinceReport = new Meter();
    for (let from = 0; from < rows.length; from += config.batchSize) {
      const batchRows = rows.subarray(from, from + config.batchSize);
      if (this.passOver(batchRows)) continue;
      const loss = await this.trainOn(batchRows, `epoch ${epoch}, batch ${from / config.batchSize + 1}`);
      wholeEpoch.add(loss, batchRows.length);
      sinceReport.add(loss, batchRows.length);
      if (performance.now() - this.turnAtMs >= REPORT_INTERVAL_MS) {
        onProgress?.(this.progress(epoch, sinceReport));
        await nextTurn(); // an engine that never waits would otherwise keep timers and signals from running
        signal?.throwIfAborted();
        this.turnAtMs = performance.now();
        sinceReport = new Meter();
      }
    }
    signal?.throwIfAborted();
    return this.progress(epoch, wholeEpoch);
  }

  /** Whether the next step was done before; its random numbers are drawn all the same. */
  private passOver(rows: Int32Array): boolean {
    if (this.step >= this.data.firstStep) return false;
    this.drawForStep(rows);
    this.step++;
    return true;
  }

  private drawForStep(rows: Int32Array) {
    const negatives = this.drawNegatives(rows);
    if (!this.options.config.logQCorrection) negatives.negativeLogExpectedCounts.fill(0);
    return { ...negatives, dropoutSeed: this.dropoutRandom.nextInt(2 ** 32) };
  }

  private drawNegatives(rows: Int32Array): NegativeDraw {
    const { negativeCount, inBatchShare } = this.options.config;
    const { examples, sampler } = this.data;
    if (negativeCount >= sampler.videoCount) return sampler.all();
    if (!inBatchShare) return sampler.draw(negativeCount, this.negativeRandom);
    return this.inBatch.draw(negativeCount, examples.labelsOf(rows), inBatchShare, this.negativeRandom);
  }

  private async trainOn(rows: Int32Array, batchName: string): Promise<number> {
    const scale = learningRateScale(this.options.config, this.step, this.stepCount);
    const loss = await this.engine.step({ ...this.data.examples.select(rows), ...this.drawForStep(rows) }, scale);
    this.step++;
    if (!Number.isFinite(loss)) {
      const some = this.data.namesOf(rows.subarray(0, NAMED_EXAMPLES));
      const where = `${batchName} (step ${this.step}, seed ${this.options.seed})`;
      throw new Error(`the loss is ${loss} at ${where}, among its ${rows.length} examples ${some}`);
    }
    return loss;
  }

  private progress(epoch: number, meter: Meter): CandidateTrainingProgress {
    const { stepCount, step } = this;
    const passedOver = Math.min(step, this.data.firstStep);
    return { epoch, epochCount: this.options.config.epochCount, step, stepCount, passedOver, ...meter.read() };
  }
}

/** @param rows of the set, which leaves out examples with labels out of vocabulary */
function namesOf(rows: Int32Array, examples: readonly CandidateExample[], { videos }: CandidateVocabularies): string {
  const kept = examples.filter(({ labelVideoId }) => videos.indexOf(labelVideoId) !== 0);
  return [...rows].map((row) => `${kept[row].labelVideoId} of user ${kept[row].userId}`).join(', ');
}

/** Mean loss and speed from its making on. */
class Meter {
  private readonly sinceMs = performance.now();
  private lossSum = 0;
  private exampleCount = 0;

  add(meanLoss: number, exampleCount: number): void {
    this.lossSum += meanLoss * exampleCount;
    this.exampleCount += exampleCount;
  }

  read(): { loss: number; examplesPerSecond: number } {
    const seconds = (performance.now() - this.sinceMs) / 1000;
    return { loss: this.lossSum / this.exampleCount, examplesPerSecond: this.exampleCount / seconds };
  }
}

function ageDays(example: CandidateExample, windowEndMs: number): number {
  const ageMs = windowEndMs - example.labelAtMs;
  if (!(ageMs >= 0)) {
    throw new Error(`the label ${example.labelVideoId} of user ${example.userId} is later than the training window`);
  }
  return ageMs / MS_PER_DAY;
}

function windowLengthDays(examples: readonly CandidateExample[], windowEndMs: number): number {
  let days = 0;
  for (const example of examples) days = Math.max(days, ageDays(example, windowEndMs));
  return days > 0 ? days : 1;
}

function initialTables(
  vocabularies: CandidateVocabularies,
  config: CandidateModelConfig,
  random: Random,
): CandidateTables {
  const table = (name: keyof CandidateTables, rowCount: number, dimensions: number) =>
    createTable(rowCount, dimensions, random.fork(name), config.tableInitialScale);
  const watched = table('watched', vocabularies.videos.rowCount, config.dimensions);
  return {
    watched,
    searchTokens: table('searchTokens', vocabularies.searchTokens.rowCount, config.searchTokenDimensions),
    countries: table('countries', vocabularies.countries.rowCount, config.countryDimensions),
    devices: table('devices', vocabularies.devices.rowCount, config.deviceDimensions),
    positions: initialPositions(config),
    queries: initialQueries(config),
    output: config.tiedTables ? watched : table('output', vocabularies.videos.rowCount, config.dimensions),
  };
}

function copyOf(tables: CandidateTables): CandidateTables {
  const copy = ({ values, dimensions }: EmbeddingTable) => tableFromValues(values, dimensions);
  const watched = copy(tables.watched);
  return {
    watched,
    searchTokens: copy(tables.searchTokens),
    countries: copy(tables.countries),
    devices: copy(tables.devices),
    positions: copy(tables.positions),
    queries: copy(tables.queries),
    output: tables.output === tables.watched ? watched : copy(tables.output),
  };
}
