/**
 * The candidate model's training step with tables, activations and optimizers in one shared WebAssembly memory, by kernels
 * of our own (kernels/assembly) on as many threads as there are cores. Losses, gradients and weights are the same to the
 * bit for any number of threads (see Team).
 */
import {
  type CandidateBatch,
  type CandidateEngine,
  type CandidateEngineFactory,
  type CandidateEngineSetup,
  type CandidateGradients,
  type CandidateInputs,
  type CandidateOptimizerState,
} from '@watchnext/candidate-model';
import { checkStack, type DenseStack } from '@watchnext/learning';
import { Arena } from './kernels/arena';
import {
  type CandidatePlan,
  ENTRY,
  FRAME,
  padded,
  paddedColumns,
  planCandidateStep,
  type MatrixPlan,
  type TableName,
  type TableUse,
} from './kernels/candidate-plan';
import { headScratchBytes, headWeightBytes } from './kernels/candidate-inputs';
import { CandidateProgram, PHASE, scratchBytes } from './kernels/candidate-program';
import { kernelModule, type KernelModule } from './kernels/load-kernels';
import { Team } from './kernels/team';

export interface WasmEngineOptions {
  /** Threads, this one among them. */
  readonly threads: number;
  /** For specs: a build of the kernels other than the best. */
  readonly kernels?: KernelModule;
  /** Told after each part of a step how long it took. */
  readonly onPhase?: (part: string, milliseconds: number) => void;
}

export function wasmCandidateEngine(options: WasmEngineOptions): CandidateEngineFactory {
  return async (setup) => new WasmCandidateEngine(setup, options);
}

const FLOAT = Float32Array.BYTES_PER_ELEMENT;
/** Added to the logit of padding: exp gives 0 in float32. */
const MASK = -1e9;
const ADAM_BETAS = [0.9, 0.999];
/** Tables of which an example uses any number of rows, and for how many there is room at first. */
const BAGS: ReadonlySet<TableName> = new Set(['watched', 'searchTokens']);
const FIRST_BAG_ROOM = 50;
const GROWTH = 1.5;
/** Uses of the same rows in every batch: 1, 2, … */
const ROWS_OF_BATCH: ReadonlySet<TableUse> = new Set(['place', 'query']);

class WasmCandidateEngine implements CandidateEngine {
  private readonly arena = new Arena();
  private readonly plan: CandidatePlan;
  private readonly team: Team;
  private readonly frame: Int32Array;
  private readonly frameFloats: Float32Array;
  private program!: CandidateProgram;
  private readonly columns: Int32Array;
  /** Of each table's entries, how many there is room for. */
  private readonly rooms: number[];
  private stepCount = 0;

  constructor(
    private readonly setup: CandidateEngineSetup,
    private readonly options: WasmEngineOptions,
  ) {
    const { tables, tower, layout } = setup;
    const [from, to] = [tower.at(0)?.inputSize, tower.at(-1)?.outputSize];
    if (from !== layout.inputSize || to !== tables.output.dimensions) {
      throw new Error(`the tower maps ${from} → ${to}, the tables ${layout.inputSize} → ${tables.output.dimensions}`);
    }
    checkStack(tower);
    this.plan = planCandidateStep(this.arena, setup);
    this.columns = paddedColumns(layout, this.plan);
    this.frame = this.arena.integers(this.plan.frame, FRAME.length);
    this.frameFloats = this.arena.floats(this.plan.frame, FRAME.length);
    this.rooms = this.plan.tables.map(() => 0);
    this.plan.tables.forEach(({ name, fixedEntryCount }, i) => {
      this.makeRoom(i, fixedEntryCount + (BAGS.has(name) ? FIRST_BAG_ROOM * setup.batchSize : 0));
      this.frame[FRAME.tables + i * FRAME.perTable + ENTRY.count] = fixedEntryCount;
    });
    this.copyTables('in');
    this.writeLayers(this.plan.parameters, tower);
    if (setup.optimizers) this.restore(setup.optimizers);
    this.team = new Team(
      this.arena,
      options.kernels ?? kernelModule(),
      options.threads,
      this.plan,
      (instance, memory) => {
        this.program = new CandidateProgram(instance, memory, this.plan);
        return this.program;
      },
    );
  }

  async step(batch: CandidateBatch, learningRateScale: number): Promise<number> {
    const loss = this.compute(batch);
    if (!Number.isFinite(loss) || !this.program.gradientsAreFinite()) return NaN;
    this.stepCount++;
    const [first, second] = ADAM_BETAS.map((beta) => 1 - beta ** this.stepCount);
    this.frameFloats[FRAME.adamRate] = (this.setup.denseLearningRate * learningRateScale) / first;
    this.frameFloats[FRAME.adamSecondScale] = 1 / second;
    this.frameFloats[FRAME.tableRate] = this.setup.tableLearningRate * learningRateScale;
    this.runPhase('update');
    return loss;
  }

  async gradients(batch: CandidateBatch): Promise<CandidateGradients> {
    const loss = this.compute(batch);
    const names = Object.keys(this.plan.tableOf) as TableName[];
    const tables = Object.fromEntries(names.map((name) => [name, this.tableGradients(name)]));
    const tower = this.readLayers(this.plan.parameterGradients);
    return {
      loss,
      tables: tables as unknown as CandidateGradients['tables'],
      tower: tower.flatMap(({ weights, bias }) => [weights, bias]),
    };
  }

  async read(): Promise<DenseStack> {
    this.copyTables('out');
    const values = this.readLayers(this.plan.parameters);
    return this.setup.tower.map((layer, i) => ({ ...layer, ...values[i] }));
  }

  async readOptimizers(): Promise<CandidateOptimizerState> {
    const { plan, arena } = this;
    const byTable = plan.tables.map(({ accumulators, rowCount }) => arena.floats(accumulators, rowCount).slice());
    const names = Object.entries(plan.tableOf);
    const flat = (base: number) => this.readLayers(base).flatMap(({ weights, bias }) => [weights, bias]);
    return {
      stepCount: this.stepCount,
      accumulators: Object.fromEntries(
        names.map(([name, index]) => [name, byTable[index]]),
      ) as unknown as CandidateOptimizerState['accumulators'],
      firstMoments: flat(plan.firstMoments),
      secondMoments: flat(plan.secondMoments),
    };
  }

  async close(): Promise<void> {
    await this.team.close();
  }

  private runPhase(phase: keyof typeof PHASE): void {
    this.timed(phase, () => this.team.run(PHASE[phase], this.program.taskCount(PHASE[phase])));
  }

  private timed(part: string, work: () => void): void {
    const startedAt = performance.now();
    work();
    this.options.onPhase?.(part, performance.now() - startedAt);
  }

  /** Forward and backward. @returns the loss */
  private compute(batch: CandidateBatch): number {
    this.timed('write the batch', () => this.writeBatch(batch));
    this.runPhase('prepare');
    this.runPhase('examples');
    this.runPhase('weights');
    const { rowCount } = batch.inputs;
    const excesses = this.arena.floats(this.plan.excesses, rowCount);
    const partitions = this.arena.floats(this.plan.partitions, rowCount);
    let sum = 0;
    for (let i = 0; i < rowCount; i++) sum += excesses[i] + Math.log(partitions[i]);
    return sum / rowCount;
  }

  private writeBatch(batch: CandidateBatch): void {
    const { inputs, labels, negatives, negativeLogExpectedCounts } = batch;
    const { arena, plan } = this;
    const { rowCount } = inputs;
    if (rowCount > plan.batchSize || negatives.length > plan.negativeCount) {
      throw new RangeError(
        `a batch of ${rowCount} examples and ${negatives.length} negatives; at most ${plan.batchSize} and ${plan.negativeCount}`,
      );
    }
    this.frame[FRAME.rowCount] = rowCount;
    this.frame[FRAME.dropoutSeed] = batch.dropoutSeed;
    this.writeBag('watched', inputs.history, inputs.historyStarts, plan.historyStarts);
    this.writeBag('searchTokens', inputs.searchTokens, inputs.searchTokenStarts, plan.tokenStarts);
    this.writeRows('watched', 'last', lastWatches(inputs));
    this.writeRows('countries', 'country', inputs.countries);
    this.writeRows('devices', 'device', inputs.devices);
    this.writeRows('output', 'label', labels);
    this.writeRows('output', 'negative', negatives);
    arena.floats(plan.reals, inputs.reals.length).set(inputs.reals);
    const biases = arena.floats(plan.negativeBiases, padded(plan.negativeCount)).fill(MASK);
    for (let j = 0; j < negatives.length; j++) biases[j] = -negativeLogExpectedCounts[j];
  }

  /** The examples' lists of rows. */
  private writeBag(
    name: 'watched' | 'searchTokens',
    list: Int32Array,
    starts: Int32Array,
    startsAddress: number,
  ): void {
    const index = this.plan.tableOf[name];
    const { fixedEntryCount } = this.plan.tables[index];
    const at = FRAME.tables + index * FRAME.perTable;
    if (this.setup.tables[name].rowCount === 1) return;
    const count = fixedEntryCount + list.length;
    if (count > this.rooms[index]) this.makeRoom(index, Math.ceil(count * GROWTH));
    this.frame[at + ENTRY.count] = count;
    this.arena.integers((this.frame[at + ENTRY.rows] >>> 0) + fixedEntryCount * FLOAT, list.length).set(list);
    const held = this.arena.integers(startsAddress, padded(this.plan.batchSize) + 1);
    held.set(starts);
    held.fill(list.length, starts.length);
  }

  /** One row for each example, or for each negative. */
  private writeRows(name: TableName, use: TableUse, rows: Int32Array): void {
    const index = this.plan.tableOf[name];
    const range = this.plan.tables[index].uses[use];
    if (!range) return; // the encoder, or an empty vocabulary, leaves it out of the input
    const [begin, end] = range;
    const address = this.frame[FRAME.tables + index * FRAME.perTable + ENTRY.rows] >>> 0;
    const held = this.arena.integers(address + begin * FLOAT, end - begin);
    held.set(rows);
    held.fill(0, rows.length);
  }

  /** Gives a table room for so many entries, and threads for sorting them. */
  private makeRoom(index: number, count: number): void {
    const { arena, frame, plan } = this;
    const { uses, width } = plan.tables[index];
    const at = FRAME.tables + index * FRAME.perTable;
    this.rooms[index] = count;
    const [rows, gradients, factors] = [0, 1, 2].map(() => arena.allocate(count * FLOAT));
    frame[at + ENTRY.rows] = rows;
    frame[at + ENTRY.gradients] = gradients;
    frame[at + ENTRY.factors] = factors;
    arena.floats(factors, count).fill(1);
    const addresses = arena.integers(gradients, count);
    for (const [use, [begin, end]] of Object.entries(uses) as [TableUse, readonly [number, number]][]) {
      const { address, stride } = gradientsOf(plan, use);
      for (let i = begin; i < end; i++) addresses[i] = address + (i - begin) * stride;
      if (!ROWS_OF_BATCH.has(use)) continue;
      const held = arena.integers(rows, end);
      for (let i = begin; i < end; i++) held[i] = 1 + i - begin;
    }
    if (plan.heads && index === plan.tableOf.watched) this.makeRoomForHeads(plan.heads.count, count);
    const forHeads = plan.heads ? headScratchBytes(plan.heads.count, padded(this.setup.tables.watched.dimensions)) : 0;
    const scratch = Math.ceil(Math.max(scratchBytes(count, width), forHeads) / 64) * 64;
    if (scratch > frame[FRAME.scratchBytes]) {
      frame[FRAME.scratch] = arena.allocate(scratch * this.options.threads);
      frame[FRAME.scratchBytes] = scratch;
    }
  }

  /** With heads, each index of a history has weights, and a gradient of its own. */
  private makeRoomForHeads(headCount: number, entryCount: number): void {
    const { arena, frame, plan } = this;
    const table = plan.tables[plan.tableOf.watched];
    const stride = table.width * FLOAT;
    frame[FRAME.headWeights] = arena.allocate(entryCount * headWeightBytes(headCount));
    frame[FRAME.logitGradients] = arena.allocate(entryCount * headWeightBytes(headCount));
    frame[FRAME.entryGradients] = arena.allocate(entryCount * stride);
    const gradients = frame[FRAME.tables + plan.tableOf.watched * FRAME.perTable + ENTRY.gradients] >>> 0;
    const addresses = arena.integers(gradients, entryCount);
    for (let i = table.fixedEntryCount; i < entryCount; i++) {
      addresses[i] = frame[FRAME.entryGradients] + (i - table.fixedEntryCount) * stride;
    }
  }

  /** Of each row that the batch touches, the sum that the update would apply. */
  private tableGradients(name: TableName): ReadonlyMap<number, Float32Array> {
    const index = this.plan.tableOf[name];
    const { dimensions } = this.plan.tables[index];
    const at = FRAME.tables + index * FRAME.perTable;
    const count = this.frame[at + ENTRY.count];
    const rows = this.arena.integers(this.frame[at + ENTRY.rows] >>> 0, count);
    const addresses = this.arena.integers(this.frame[at + ENTRY.gradients] >>> 0, count);
    const factors = this.arena.floats(this.frame[at + ENTRY.factors] >>> 0, count);
    const sums = new Map<number, Float32Array>();
    for (let entry = 0; entry < count; entry++) {
      if (rows[entry] === 0) continue;
      const sum = sums.get(rows[entry]) ?? new Float32Array(dimensions);
      const gradient = this.arena.floats(addresses[entry] >>> 0, dimensions);
      for (let d = 0; d < dimensions; d++) sum[d] += factors[entry] * gradient[d];
      sums.set(rows[entry], sum);
    }
    return sums;
  }

  /** Copies every table into the arena, or back. */
  private copyTables(direction: 'in' | 'out'): void {
    for (const { name, address, stride, width, rowCount, dimensions } of this.plan.tables) {
      const { values } = this.setup.tables[name];
      const held = this.arena.floats(address, (rowCount * stride) / FLOAT);
      if (width === dimensions) {
        if (direction === 'in') held.set(values);
        else values.set(held);
        continue;
      }
      for (let row = 0; row < rowCount; row++) {
        const outside = values.subarray(row * dimensions, (row + 1) * dimensions);
        const inside = held.subarray(row * width, row * width + dimensions);
        if (direction === 'in') inside.set(outside);
        else outside.set(inside);
      }
    }
  }

  /** Writes weights and biases, or their moments, which lie in the same way from `base` on. */
  private writeLayers(base: number, values: readonly { weights: Float32Array; bias: Float32Array }[]): void {
    this.layersFrom(base).forEach(({ weights, bias }, i) => {
      const { inputSize, outputSize } = this.setup.tower[i];
      for (let k = 0; k < inputSize; k++) {
        const row = values[i].weights.subarray(k * outputSize, (k + 1) * outputSize);
        this.arena.floats(weights.address + this.rowOf(i, k) * weights.stride, outputSize).set(row);
      }
      this.arena.floats(bias, outputSize).set(values[i].bias);
    });
  }

  /** Reads what `writeLayers` writes, without the padding. */
  private readLayers(base: number): { weights: Float32Array; bias: Float32Array }[] {
    return this.layersFrom(base).map((layer, i) => {
      const { inputSize, outputSize } = this.setup.tower[i];
      const weights = new Float32Array(inputSize * outputSize);
      for (let k = 0; k < inputSize; k++) {
        const address = layer.weights.address + this.rowOf(i, k) * layer.weights.stride;
        weights.set(this.arena.floats(address, outputSize), k * outputSize);
      }
      return { weights, bias: this.arena.floats(layer.bias, outputSize).slice() };
    });
  }

  private layersFrom(base: number): { weights: MatrixPlan; bias: number }[] {
    const offset = base - this.plan.parameters;
    return this.plan.layers.map(({ weights, bias }) => ({
      weights: { ...weights, address: weights.address + offset },
      bias: bias + offset,
    }));
  }

  private restore({ stepCount, accumulators, firstMoments, secondMoments }: CandidateOptimizerState): void {
    this.stepCount = stepCount;
    for (const { name, rowCount, accumulators: address } of this.plan.tables) {
      this.arena.floats(address, rowCount).set(accumulators[name]);
    }
    this.writeLayers(this.plan.firstMoments, pairs(firstMoments));
    this.writeLayers(this.plan.secondMoments, pairs(secondMoments));
  }

  /** Where row k of a layer's weights stands among the padded ones. */
  private rowOf(layer: number, k: number): number {
    return layer === 0 ? this.columns[k] : k;
  }
}

/** Weights and bias of each layer, out of a list of them in turn. */
function pairs(arrays: readonly Float32Array[]): { weights: Float32Array; bias: Float32Array }[] {
  return Array.from({ length: arrays.length / 2 }, (_, i) => ({ weights: arrays[2 * i], bias: arrays[2 * i + 1] }));
}

/** What holds the gradients of a use's rows. */
function gradientsOf(plan: CandidatePlan, use: TableUse): Pick<MatrixPlan, 'address' | 'stride'> {
  const { inputGradients, groups, heads } = plan;
  const ofGroup = (at: number) => ({ address: inputGradients.address + at * FLOAT, stride: inputGradients.stride });
  switch (use) {
    case 'label':
      return plan.layers[plan.layers.length - 1].output;
    case 'negative':
      return plan.negativeGradients;
    case 'last':
      return ofGroup(groups.historyLast.at);
    case 'country':
      return ofGroup(groups.country.at);
    case 'device':
      return ofGroup(groups.device.at);
    case 'place':
      return rowsFrom(heads?.positionGradients, 1);
    case 'query':
      return { address: heads?.queryGradients.address ?? 0, stride: plan.tables[plan.tableOf.queries].stride };
  }
}

function rowsFrom(matrix: MatrixPlan | undefined, row: number): Pick<MatrixPlan, 'address' | 'stride'> {
  const { address, stride } = matrix ?? { address: 0, stride: 0 };
  return { address: address + row * stride, stride };
}

/** The last watch of each example, 0 for none. */
function lastWatches({ rowCount, history, historyStarts }: CandidateInputs): Int32Array {
  return Int32Array.from({ length: rowCount }, (_, i) =>
    historyStarts[i + 1] > historyStarts[i] ? history[historyStarts[i + 1] - 1] : 0,
  );
}
