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
  type CandidateOptimizerState,
  lastWatches,
} from '@watchnext/candidate-model';
import { checkStack, type DenseStack } from '@watchnext/learning';
import { Arena } from './kernels/arena';
import { headScratchBytes, headWeightBytes } from './kernels/candidate-inputs';
import {
  type CandidatePlan,
  paddedColumns,
  planCandidateStep,
  type TableName,
  type TableUse,
} from './kernels/candidate-plan';
import { type KernelOptions, StepHost } from './kernels/step-host';
import { FLOAT, FRAME, type MatrixPlan, padded } from './kernels/step-plan';

export function wasmCandidateEngine(options: KernelOptions): CandidateEngineFactory {
  return async (setup) => new WasmCandidateEngine(setup, options);
}

/** Added to the logit of padding: exp gives 0 in float32. */
const MASK = -1e9;
/** Tables of which an example uses any number of rows, and for how many there is room at first. */
const BAGS: ReadonlySet<TableName> = new Set(['watched', 'searchTokens']);
const FIRST_BAG_ROOM = 50;
const GROWTH = 1.5;
/** Uses of the same rows in every batch: 1, 2, … */
const ROWS_OF_BATCH: ReadonlySet<TableUse> = new Set(['place', 'query']);

class WasmCandidateEngine implements CandidateEngine {
  private readonly arena = new Arena();
  private readonly plan: CandidatePlan;
  private readonly host: StepHost;
  /** Of each table's entries, how many there is room for. */
  private readonly rooms: number[];
  /** Of the places of the histories' watches. */
  private placesAddress = 0;

  constructor(
    private readonly setup: CandidateEngineSetup,
    options: KernelOptions,
  ) {
    const { tables, tower, layout, interests = 1 } = setup;
    const [from, to] = [tower.at(0)?.inputSize, tower.at(-1)?.outputSize];
    if (from !== layout.inputSize || to !== interests * tables.output.dimensions) {
      throw new Error(
        `the tower maps ${from} → ${to}, the tables ${layout.inputSize} → ${interests * tables.output.dimensions}`,
      );
    }
    checkStack(tower);
    this.plan = planCandidateStep(this.arena, setup);
    this.host = new StepHost(this.arena, this.plan, tower, paddedColumns(layout, this.plan), options);
    this.rooms = this.plan.tables.map(() => 0);
    this.plan.tables.forEach(({ name, fixedEntryCount }, i) => {
      this.makeRoom(i, fixedEntryCount + (BAGS.has(name) ? FIRST_BAG_ROOM * setup.batchSize : 0));
      this.host.setEntryCount(i, fixedEntryCount);
      this.host.copyTableIn(i, tables[name]);
    });
    if (setup.optimizers) this.restore(setup.optimizers);
    this.host.startThreads();
  }

  async step(batch: CandidateBatch, learningRateScale: number): Promise<number> {
    const loss = this.compute(batch);
    if (!Number.isFinite(loss) || !this.host.gradientsAreFinite()) return NaN;
    const { denseLearningRate, tableLearningRate } = this.setup;
    this.host.update({
      dense: denseLearningRate * learningRateScale,
      tables: tableLearningRate * learningRateScale,
    });
    return loss;
  }

  async gradients(batch: CandidateBatch): Promise<CandidateGradients> {
    const loss = this.compute(batch);
    const names = Object.keys(this.plan.tableOf) as TableName[];
    const tables = Object.fromEntries(names.map((name) => [name, this.tableGradients(name)]));
    return {
      loss,
      tables: tables as unknown as CandidateGradients['tables'],
      tower: this.host.readFlat(this.plan.parameterGradients),
    };
  }

  async read(): Promise<DenseStack> {
    this.plan.tables.forEach(({ name }, i) => this.host.copyTableOut(i, this.setup.tables[name]));
    return this.host.readTower();
  }

  async readOptimizers(): Promise<CandidateOptimizerState> {
    const { plan, host } = this;
    const byTable = plan.tables.map((_, i) => host.accumulatorsOf(i).slice());
    const names = Object.entries(plan.tableOf);
    return {
      ...host.readAdam(),
      accumulators: Object.fromEntries(
        names.map(([name, index]) => [name, byTable[index]]),
      ) as unknown as CandidateOptimizerState['accumulators'],
    };
  }

  async close(): Promise<void> {
    await this.host.close();
  }

  /** Forward and backward. @returns the loss */
  private compute(batch: CandidateBatch): number {
    this.host.timed('write the batch', () => this.writeBatch(batch));
    this.host.propagate();
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
    this.host.frame[FRAME.rowCount] = rowCount;
    this.host.frame[FRAME.dropoutSeed] = batch.dropoutSeed;
    this.host.frameFloats[FRAME.tableDecay] = (this.setup.tableDecay ?? 0) / rowCount;
    this.writeBag('watched', inputs.history, inputs.historyStarts, plan.historyStarts);
    this.writePlaces(inputs.historyPlaces);
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
    if (this.setup.tables[name].rowCount === 1) return;
    const count = fixedEntryCount + list.length;
    if (count > this.rooms[index]) this.makeRoom(index, Math.ceil(count * GROWTH));
    this.host.setEntryCount(index, count);
    this.arena.integers(this.host.entriesOf(index).rows + fixedEntryCount * FLOAT, list.length).set(list);
    const held = this.arena.integers(startsAddress, padded(this.plan.batchSize) + 1);
    held.set(starts);
    held.fill(list.length, starts.length);
  }

  /** After the histories, which make the room. */
  private writePlaces(places: Int32Array | undefined): void {
    this.host.frame[FRAME.historyPlaces] = places ? this.placesAddress : 0;
    if (places) this.arena.integers(this.placesAddress, places.length).set(places);
  }

  /** One row for each example, or for each negative. */
  private writeRows(name: TableName, use: TableUse, rows: Int32Array): void {
    const index = this.plan.tableOf[name];
    const range = this.plan.tables[index].uses[use];
    if (!range) return; // the encoder, or an empty vocabulary, leaves it out of the input
    const [begin, end] = range;
    const held = this.arena.integers(this.host.entriesOf(index).rows + begin * FLOAT, end - begin);
    held.set(rows);
    held.fill(0, rows.length);
  }

  /** Gives a table room for so many entries, and threads for sorting them. */
  private makeRoom(index: number, count: number): void {
    const { arena, host, plan } = this;
    this.rooms[index] = count;
    const { rows, gradients } = host.allocateEntries(index, count);
    const addresses = arena.integers(gradients, count);
    const { uses } = plan.tables[index];
    for (const [use, [begin, end]] of Object.entries(uses) as [TableUse, readonly [number, number]][]) {
      const { address, stride } = gradientsOf(plan, use);
      for (let i = begin; i < end; i++) addresses[i] = address + (i - begin) * stride;
      if (!ROWS_OF_BATCH.has(use)) continue;
      const held = arena.integers(rows, end);
      for (let i = begin; i < end; i++) held[i] = 1 + i - begin;
    }
    if (plan.heads && index === plan.tableOf.watched) this.makeRoomForHeads(plan.heads.count, count);
    if (plan.heads) host.growScratch(headScratchBytes(plan.heads.count, padded(this.setup.tables.watched.dimensions)));
  }

  /** With heads, each index of a history has weights, and a gradient of its own. */
  private makeRoomForHeads(headCount: number, entryCount: number): void {
    const { arena, host, plan } = this;
    const { frame } = host;
    const table = plan.tables[plan.tableOf.watched];
    const stride = table.width * FLOAT;
    frame[FRAME.headWeights] = arena.allocate(entryCount * headWeightBytes(headCount));
    frame[FRAME.logitGradients] = arena.allocate(entryCount * headWeightBytes(headCount));
    frame[FRAME.entryGradients] = arena.allocate(entryCount * stride);
    this.placesAddress = arena.allocate(entryCount * FLOAT);
    const addresses = arena.integers(host.entriesOf(plan.tableOf.watched).gradients, entryCount);
    for (let i = table.fixedEntryCount; i < entryCount; i++) {
      addresses[i] = frame[FRAME.entryGradients] + (i - table.fixedEntryCount) * stride;
    }
  }

  /** Of each row that the batch touches, the sum that the update would apply. */
  private tableGradients(name: TableName): ReadonlyMap<number, Float32Array> {
    const index = this.plan.tableOf[name];
    const { dimensions } = this.plan.tables[index];
    const count = this.host.entryCount(index);
    const entries = this.host.entriesOf(index);
    const rows = this.arena.integers(entries.rows, count);
    const addresses = this.arena.integers(entries.gradients, count);
    const factors = this.arena.floats(entries.factors, count);
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

  private restore({ accumulators, ...adam }: CandidateOptimizerState): void {
    this.host.restoreAdam(adam);
    this.plan.tables.forEach(({ name }, i) => this.host.accumulatorsOf(i).set(accumulators[name]));
  }
}

/** What holds the gradients of a use's rows. */
function gradientsOf(plan: CandidatePlan, use: TableUse): Pick<MatrixPlan, 'address' | 'stride'> {
  const { inputGradients, groups, heads } = plan;
  const ofGroup = (at: number) => ({ address: inputGradients.address + at * FLOAT, stride: inputGradients.stride });
  switch (use) {
    case 'label':
      if (plan.scaling) return plan.labelVectors;
      return plan.interests?.labelUsers ?? plan.layers[plan.layers.length - 1].output;
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
