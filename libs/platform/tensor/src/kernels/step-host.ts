import type { AdamState, DenseStack, EmbeddingTable } from '@watchnext/learning';
import type { Arena } from './arena';
import { type KernelModule, kernelModule } from './load-kernels';
import type { AnyPlan } from './programs';
import { ENTRY, FLOAT, FRAME, frameLength, type MatrixPlan } from './step-plan';
import { PHASE, type StepProgram } from './step-program';
import { Team } from './team';
import { ADAM, scratchBytes } from './update-tasks';

export interface KernelOptions {
  /** Threads, this one among them. */
  readonly threads: number;
  /** For specs: a build of the kernels other than the best. */
  readonly kernels?: KernelModule;
  /** Told after each part of a step how long it took. */
  readonly onPhase?: (part: string, milliseconds: number) => void;
}

export interface StepRates {
  /** Of Adam on the tower. */
  readonly dense: number;
  /** Of row-wise Adagrad on the tables. */
  readonly tables: number;
}

/** Of one table: addresses of its entries' rows, gradients' addresses and factors. */
export interface EntryAddresses {
  readonly rows: number;
  readonly gradients: number;
  readonly factors: number;
}

type Layers = readonly { readonly weights: Float32Array; readonly bias: Float32Array }[];

/** The thread that owns a training: brings values into the shared memory and back, and runs the phases of a step. */
export class StepHost {
  readonly frame: Int32Array;
  readonly frameFloats: Float32Array;
  private stepCount = 0;
  private readonly team: Team;

  /** @param columns where each of the tower's inputs stands among the padded ones */
  constructor(
    readonly arena: Arena,
    readonly plan: AnyPlan,
    private readonly tower: DenseStack,
    private readonly columns: Int32Array,
    private readonly options: KernelOptions,
  ) {
    const length = frameLength(plan.tables.length);
    this.frame = arena.integers(plan.frame, length);
    this.frameFloats = arena.floats(plan.frame, length);
    this.writeLayers(plan.parameters, tower);
    this.team = new Team(arena, options.kernels ?? kernelModule(), options.threads, plan);
  }

  /** Once all memory is there: threads would outlive the failure of a training that does not fit. */
  startThreads(): void {
    this.team.start();
  }

  timed<T>(part: string, work: () => T): T {
    const startedAt = performance.now();
    const result = work();
    this.options.onPhase?.(part, performance.now() - startedAt);
    return result;
  }

  /** Forward and backward through the batch that was written. */
  propagate(): void {
    this.runPhase('prepare');
    this.runPhase('examples');
    this.runPhase('weights');
  }

  gradientsAreFinite(): boolean {
    return this.program.gradientsAreFinite();
  }

  /** Both optimizers, with the gradients of the last `propagate`. */
  update(rates: StepRates): void {
    this.stepCount++;
    const { frameFloats, stepCount } = this;
    frameFloats[FRAME.adamRate] = rates.dense / (1 - ADAM.beta1 ** stepCount);
    frameFloats[FRAME.adamSecondScale] = 1 / (1 - ADAM.beta2 ** stepCount);
    frameFloats[FRAME.tableRate] = rates.tables;
    this.runPhase('update');
  }

  close(): Promise<void> {
    return this.team.close();
  }

  entryCount(table: number): number {
    return this.frame[FRAME.tables + table * FRAME.perTable + ENTRY.count];
  }

  setEntryCount(table: number, count: number): void {
    this.frame[FRAME.tables + table * FRAME.perTable + ENTRY.count] = count;
  }

  entriesOf(table: number): EntryAddresses {
    const at = FRAME.tables + table * FRAME.perTable;
    const [rows, gradients, factors] = [ENTRY.rows, ENTRY.gradients, ENTRY.factors].map(
      (which) => this.frame[at + which] >>> 0,
    );
    return { rows, gradients, factors };
  }

  /** Gives a table room for so many entries, with factors of 1, and the threads room for sorting them. */
  allocateEntries(table: number, count: number): EntryAddresses {
    const { arena, frame } = this;
    const at = FRAME.tables + table * FRAME.perTable;
    for (const which of [ENTRY.rows, ENTRY.gradients, ENTRY.factors]) frame[at + which] = arena.allocate(count * FLOAT);
    const entries = this.entriesOf(table);
    arena.floats(entries.factors, count).fill(1);
    this.growScratch(scratchBytes(count, this.plan.tables[table].width));
    return entries;
  }

  growScratch(bytes: number): void {
    const { frame } = this;
    const rounded = Math.ceil(bytes / 64) * 64;
    if (rounded <= frame[FRAME.scratchBytes]) return;
    frame[FRAME.scratch] = this.arena.allocate(rounded * this.options.threads);
    frame[FRAME.scratchBytes] = rounded;
  }

  copyTableIn(table: number, { values }: EmbeddingTable): void {
    this.eachRun(table, values, (inside, outside) => inside.set(outside));
  }

  copyTableOut(table: number, { values }: EmbeddingTable): void {
    this.eachRun(table, values, (inside, outside) => outside.set(inside));
  }

  accumulatorsOf(table: number): Float32Array {
    const { accumulators, rowCount } = this.plan.tables[table];
    return this.arena.floats(accumulators, rowCount);
  }

  /** Writes weights and biases, their gradients or their moments, which all lie in the same way from `base` on. */
  private writeLayers(base: number, values: Layers): void {
    this.layersFrom(base).forEach(({ weights, bias }, i) => {
      const { inputSize, outputSize } = this.tower[i];
      for (let k = 0; k < inputSize; k++) {
        const row = values[i].weights.subarray(k * outputSize, (k + 1) * outputSize);
        this.arena.floats(weights.address + this.rowOf(i, k) * weights.stride, outputSize).set(row);
      }
      this.arena.floats(bias, outputSize).set(values[i].bias);
    });
  }

  /** Reads what `writeLayers` writes, without the padding. */
  private readLayers(base: number): Layers {
    return this.layersFrom(base).map((layer, i) => {
      const { inputSize, outputSize } = this.tower[i];
      const weights = new Float32Array(inputSize * outputSize);
      for (let k = 0; k < inputSize; k++) {
        const address = layer.weights.address + this.rowOf(i, k) * layer.weights.stride;
        weights.set(this.arena.floats(address, outputSize), k * outputSize);
      }
      return { weights, bias: this.arena.floats(layer.bias, outputSize).slice() };
    });
  }

  readTower(): DenseStack {
    const values = this.readLayers(this.plan.parameters);
    return this.tower.map((layer, i) => ({ ...layer, ...values[i] }));
  }

  readAdam(): AdamState {
    const { firstMoments, secondMoments } = this.plan;
    return {
      stepCount: this.stepCount,
      firstMoments: this.readFlat(firstMoments),
      secondMoments: this.readFlat(secondMoments),
    };
  }

  restoreAdam({ stepCount, firstMoments, secondMoments }: AdamState): void {
    this.stepCount = stepCount;
    this.writeFlat(this.plan.firstMoments, firstMoments);
    this.writeFlat(this.plan.secondMoments, secondMoments);
  }

  /** As `readLayers`, weights and bias of each layer in turn. */
  readFlat(base: number): Float32Array[] {
    return this.readLayers(base).flatMap(({ weights, bias }) => [weights, bias]);
  }

  private writeFlat(base: number, arrays: readonly Float32Array[]): void {
    this.writeLayers(
      base,
      this.tower.map((_, i) => ({ weights: arrays[2 * i], bias: arrays[2 * i + 1] })),
    );
  }

  private get program(): StepProgram {
    return this.team.program;
  }

  private runPhase(phase: keyof typeof PHASE): void {
    this.timed(phase, () => this.team.run(PHASE[phase], this.program.taskCount(PHASE[phase])));
  }

  /** Of a table, what lies in one piece both inside and outside: all, or a row where rows are padded. */
  private eachRun(
    table: number,
    values: Float32Array,
    copy: (inside: Float32Array, outside: Float32Array) => void,
  ): void {
    const { address, stride, width, dimensions, rowCount } = this.plan.tables[table];
    const held = this.arena.floats(address, (rowCount * stride) / FLOAT);
    if (width === dimensions) return copy(held, values);
    for (let row = 0; row < rowCount; row++) {
      copy(
        held.subarray(row * width, row * width + dimensions),
        values.subarray(row * dimensions, (row + 1) * dimensions),
      );
    }
  }

  private layersFrom(base: number): { weights: MatrixPlan; bias: number }[] {
    const offset = base - this.plan.parameters;
    return this.plan.layers.map(({ weights, bias }) => ({
      weights: { ...weights, address: weights.address + offset },
      bias: bias + offset,
    }));
  }

  /** Where row k of a layer's weights stands among the padded ones. */
  private rowOf(layer: number, k: number): number {
    return layer === 0 ? this.columns[k] : k;
  }
}
