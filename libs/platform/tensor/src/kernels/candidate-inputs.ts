import type { CandidatePlan, GroupName, GroupPlan, HeadsPlan, TableName, TableUse } from './candidate-plan';
import { CandidateTasks } from './candidate-tasks';
import type { Kernels } from './load-kernels';
import { FLOAT, FRAME, type MatrixPlan, padded } from './step-plan';

/** What a thread needs for the heads over one history. */
export function headScratchBytes(headCount: number, width: number): number {
  return 2 * padded(headCount) * width * FLOAT;
}

/** What stands beside each index of a history. */
export function headWeightBytes(headCount: number): number {
  return Math.ceil(headCount / 4) * 16;
}

/** Histories whose places are given count as a whole, of any length. */
const NO_LIMIT = 2 ** 31 - 1;

/** From indices to input rows, and from their gradients back to the tables. */
export class CandidateInputTasks extends CandidateTasks {
  private readonly reals: Float32Array;
  private readonly inputs: Float32Array;
  private readonly starts: Int32Array;

  constructor(kernels: Kernels, memory: WebAssembly.Memory, plan: CandidatePlan) {
    super(kernels, memory, plan);
    const rows = padded(plan.batchSize);
    this.reals = this.floats(plan.reals, rows * plan.groups.reals.parts[0].size);
    this.inputs = this.floats(plan.inputs.address, (rows * plan.inputs.stride) / FLOAT);
    this.starts = new Int32Array(memory.buffer, plan.historyStarts, rows + 1);
  }

  assemble(from: number, to: number, end: number, member: number): void {
    const { plan } = this;
    this.mean('watched', 'historyMean', plan.historyStarts, from, end);
    if (plan.heads) this.heads(plan.heads, from, end, member);
    this.gather('watched', 'last', 'historyLast', from, end);
    this.mean('searchTokens', 'searchTokens', plan.tokenStarts, from, end);
    this.gather('countries', 'country', 'country', from, end);
    this.gather('devices', 'device', 'device', from, end);
    const [{ at, size }] = plan.groups.reals.parts;
    const stride = plan.inputs.stride / FLOAT;
    for (let row = from; row < end; row++) {
      for (let i = 0; i < size; i++) this.inputs[row * stride + at + i] = row < to ? this.reals[row * size + i] : 0;
    }
  }

  /** Dropout on the embeddings of the input rows, or on their gradients. */
  dropInputs(matrix: MatrixPlan, from: number, end: number): void {
    const { plan } = this;
    if (plan.inputDropout === 0) return;
    for (const [name, { parts }] of Object.entries(plan.groups) as [GroupName, GroupPlan][]) {
      if (name === 'reals') continue;
      for (const part of parts) {
        const columns = { ...matrix, address: matrix.address + part.at * FLOAT, width: padded(part.size) };
        this.drop(columns, from, end, plan.inputSize, part.from, this.maskOf(0, plan.inputDropout));
      }
    }
  }

  /** For the update: where the gradients of the watches and search tokens lie. */
  describeMeans(from: number, to: number): void {
    const { kernels, plan } = this;
    for (const [name, group, starts] of [
      ['watched', plan.groups.historyMean, plan.historyStarts],
      ['searchTokens', plan.groups.searchTokens, plan.tokenStarts],
    ] as const) {
      if (group.width === 0) continue;
      const { gradients, factors } = this.entries(name);
      const { address, stride } = plan.inputGradients;
      kernels.describeMeans(starts, from, to, address + group.at * FLOAT, stride, gradients, factors);
    }
  }

  headGradients({ count, places, queried, queryParts }: HeadsPlan, from: number, to: number, member: number): void {
    const { frame, plan } = this;
    const watched = this.table('watched');
    const queries = this.table('queries');
    const { inputGradients, groups } = plan;
    this.kernels.headGradients(
      ...[watched.address, watched.stride, watched.width, this.entries('watched').rows, plan.historyStarts, from, to],
      ...[this.limitOf(places), queried ? queries.address : 0, queries.stride, count],
      ...[frame[FRAME.headWeights], frame[FRAME.logitGradients], this.scratchOf(member)],
      ...[inputGradients.address + groups.historyHeads.at * FLOAT, inputGradients.stride],
      ...[frame[FRAME.entryGradients], queryParts.address, queryParts.stride],
    );
  }

  positionGradients({ count, places, positionGradients }: HeadsPlan): number {
    const { address, stride } = positionGradients;
    const placeOf = this.frame[FRAME.historyPlaces];
    const target = [this.frame[FRAME.logitGradients], address, stride];
    if (placeOf === 0) {
      this.kernels.sumPlaces(...[this.plan.historyStarts, this.frame[FRAME.rowCount], 1, places + 1, count, ...target]);
    } else this.kernels.sumGivenPlaces(placeOf, this.historyLength(), 1, places + 1, count, ...target);
    return this.kernels.sum(address, ((places + 1) * stride) / FLOAT);
  }

  queryGradients({ queryParts, queryGradients }: HeadsPlan): number {
    const { address, stride, width } = queryParts;
    this.kernels.sumColumns(address, stride, this.frame[FRAME.rowCount], 0, width, queryGradients.address);
    return this.kernels.sum(queryGradients.address, width);
  }

  private limitOf(places: number): number {
    return this.frame[FRAME.historyPlaces] === 0 ? places : NO_LIMIT;
  }

  /** Of all examples' histories together. */
  private historyLength(): number {
    return this.starts[this.frame[FRAME.rowCount]];
  }

  private mean(name: TableName, group: GroupName, starts: number, from: number, end: number): void {
    const { width, at } = this.plan.groups[group];
    if (width === 0) return;
    const { address, stride } = this.table(name);
    const { inputs } = this.plan;
    const { rows } = this.entries(name);
    this.kernels.meanOfRows(
      address,
      stride,
      width,
      rows,
      starts,
      from,
      end,
      inputs.address + at * FLOAT,
      inputs.stride,
    );
  }

  private gather(name: TableName, use: TableUse, group: GroupName, from: number, end: number): void {
    const { width, at } = this.plan.groups[group];
    if (width === 0) return;
    const { address, stride } = this.table(name);
    const { inputs } = this.plan;
    const { rows } = this.entries(name, use);
    this.kernels.gatherRows(address, stride, width, rows, from, end, inputs.address + at * FLOAT, inputs.stride);
  }

  private heads({ count, places, queried }: HeadsPlan, from: number, end: number, member: number): void {
    const { frame, plan } = this;
    const watched = this.table('watched');
    const [positions, queries] = [this.table('positions'), this.table('queries')];
    this.kernels.heads(
      ...[watched.address, watched.stride, watched.width, this.entries('watched').rows, plan.historyStarts, from, end],
      ...[positions.address, positions.stride, this.limitOf(places), frame[FRAME.historyPlaces]],
      ...[queried ? queries.address : 0, queries.stride, count],
      ...[frame[FRAME.headWeights], this.scratchOf(member)],
      ...[plan.inputs.address + plan.groups.historyHeads.at * FLOAT, plan.inputs.stride],
    );
  }
}
