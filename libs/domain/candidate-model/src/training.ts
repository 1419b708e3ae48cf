import type { CandidateExample } from '@watchnext/features';
import {
  checkSchedule,
  createRandom,
  tableFromValues,
  type DenseStack,
  type EmbeddingTable,
  type TrainingCheckpoints,
  trainingKey,
} from '@watchnext/learning';
import { ageDays, ageWindowOf } from './age-window';
import { checkConfig } from './config';
import type { CandidateTables } from './engine';
import { ExampleSet } from './example-set';
import { foldConstantReals } from './constant-reals';
import { beginWithCoWatches, initialWeights } from './initial-weights';
import { CandidateModel, videoVectorsOf } from './model';
import { NegativeSampler } from './negative-sampler';
import type { CandidateTrainingOptions } from './training-options';
import { TrainingRun } from './training-run';
import { newOptimizerState, packState, type TrainingState, unpackState, type Weights } from './training-state';
import { askedOf, learnedOf } from './rewatches';
import { hasEnoughHits } from './sample-size';
import { askedExamples, validationCutoff, validationRecall } from './validation';
import { countVocabularies, type CandidateVocabularies } from './vocabularies';
import { warmStart } from './warm-start';

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
  const ages = ageWindowOf(examples, windowEndMs, config.exampleAgeKnots);
  if (ages.beyondCount > 0 || ages.leastDays !== undefined) options.onOddAges?.(ages);
  const ageShare = (example: CandidateExample) => ageDays(example, windowEndMs) / ages.days;
  const learned = learnedOf(examples, options.rewatches);
  const exampleSet = ExampleSet.encode(learned, vocabularies, ageShare, config);
  const { tables, tower, layout } = initialWeights(vocabularies, config, random);
  const taken =
    options.warmStart && warmStart(options.warmStart, vocabularies, config, { tables, tower, windowDays: ages.days });
  if (taken) options.onWarmStart?.(taken);
  const modelWith = (trained: CandidateTables, stack: DenseStack) =>
    new CandidateModel(config, ages, vocabularies, trained, videoVectorsOf(trained.output, config), stack);

  const validationExamples = askedOf(options.validationExamples ?? [], options.rewatches);
  const validated = validationExamples.map(({ userId, labelVideoId, labelAtMs }) => [userId, labelVideoId, labelAtMs]);
  const start = options.warmStart
    ? [options.warmStart.videoIds.length, options.warmStart.ages.days, sumOf(options.warmStart.videoVectors)]
    : [];
  const settings = [config, options.seed, windowEndMs, validated, ...start];
  const key = options.checkpoints ? `candidate-${trainingKey(options.checkpoints, settings, exampleSet.arrays())}` : '';
  const resumed = await resume(options.checkpoints, key, { tables, tower });
  // An earlier model's vectors stand there already, if they fit.
  const hasVectors = resumed !== undefined || options.warmStart?.config.dimensions === config.dimensions;
  if (config.initialWeights === 'co-watches' && !hasVectors)
    await beginWithCoWatches(tables, exampleSet.watchedSets(), { ...options, random });
  const engine = await options.createEngine({
    ...config,
    // A step has no more than there are videos, and an engine makes room for as many as it is told.
    negativeCount: Math.min(config.negativeCount, vocabularies.videos.size),
    layout,
    tables,
    tower,
    optimizers: resumed?.optimizers,
  });
  try {
    const run = new TrainingRun(options, engine, {
      examples: exampleSet,
      sampler: new NegativeSampler(watchCounts, config.negativePower),
      random,
      firstStep: resumed?.step ?? 0,
      namesOf: (rows) => namesOf(rows, learned, vocabularies),
    });
    const cutoff = validationCutoff(vocabularies.videos.size);
    const asked = validationExamples.length === 0 ? [] : askedExamples(modelWith(tables, tower), validationExamples);
    const recalls = [...(resumed?.recalls ?? [])];
    let best = resumed?.best;
    const save = async () =>
      options.checkpoints?.save(
        key,
        packState({
          tables,
          tower: await engine.read(),
          optimizers: await engine.readOptimizers(),
          step: run.stepsDone,
          recalls,
          best,
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
        const recall = await validationRecall(current, asked, windowEndMs, cutoff, options.createRunner);
        if (recalls.every((earlier) => recall > earlier)) best = { tables: copyOf(tables), tower: current.tower };
        recalls.push(recall);
      }
      const recall = recalls[epoch - 1];
      options.onProgress?.({ ...progress, validationRecall: recall });
      const bestRecall = Math.max(...recalls.slice(0, epoch));
      const bestEpoch = 1 + recalls.indexOf(bestRecall);
      if (epoch - bestEpoch >= config.patienceEpochs && hasEnoughHits(bestRecall, asked.length)) break;
    }
    await save();
    const trained = best ?? { tables, tower: await engine.read() };
    return modelWith(trained.tables, foldConstantReals(trained.tower, layout.reals, exampleSet.inputs.reals));
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

/** @param rows of the set, which leaves out examples with labels out of vocabulary */
function namesOf(rows: Int32Array, examples: readonly CandidateExample[], { videos }: CandidateVocabularies): string {
  const kept = examples.filter(({ labelVideoId }) => videos.indexOf(labelVideoId) !== 0);
  return [...rows].map((row) => `${kept[row].labelVideoId} of user ${kept[row].userId}`).join(', ');
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
