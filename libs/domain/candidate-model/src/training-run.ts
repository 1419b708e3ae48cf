import { setImmediate as nextTurn } from 'node:timers/promises';
import { learningRateScale, type Random } from '@watchnext/learning';
import type { CandidateEngine } from './engine';
import type { ExampleSet } from './example-set';
import { InBatchNegatives } from './in-batch-negatives';
import type { NegativeDraw, NegativeSampler } from './negative-sampler';
import type { CandidateTrainingOptions, CandidateTrainingProgress } from './training-options';

/** Of a batch that failed. */
const NAMED_EXAMPLES = 3;
/** Pause between reports, and between turns left to timers and signals. */
const REPORT_INTERVAL_MS = 200;

/** The epochs of one training, with what carries over from one to the next. */
export class TrainingRun {
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

/** Mean loss and speed from its making on. */
class Meter {
  private readonly sinceMs = performance.now();
  private lossSum = 0;
  private exampleCount = 0;

  add(meanLoss: number, exampleCount: number): void {
    this.lossSum += meanLoss * exampleCount;
    this.exampleCount += exampleCount;
  }

  /** Without a loss where nothing was added. */
  read(): { loss?: number; examplesPerSecond: number } {
    const seconds = (performance.now() - this.sinceMs) / 1000;
    const examplesPerSecond = this.exampleCount / seconds;
    if (this.exampleCount === 0) return { examplesPerSecond };
    return { loss: this.lossSum / this.exampleCount, examplesPerSecond };
  }
}
