/**
 * Several trainings in one model. Their logits are averaged, which takes out most of what the order of the examples and the
 * first weights did to each; and they are folded into one set of tables and one tower, so that serving knows nothing of it:
 *
 * - a table's row is the members' rows one after the other;
 * - a layer holds the members' layers side by side, with zeros between them;
 * - the last layer adds up a share of each.
 */
import type { DenseLayer, DenseStack, EmbeddingTable } from '@watchnext/learning';
import { tableFromValues } from '@watchnext/learning';
import { layOut, type InputLayout } from './input-layout';
import type { QuantileMap } from './quantiles';

/** One training's result: tables as `tableNames`, and the tower for rows laid out by their dimensions. */
export interface Member {
  readonly tables: readonly EmbeddingTable[];
  readonly tower: DenseStack;
  /** Of pairs of ids, beside the tower: see crosses.ts. */
  readonly crosses?: EmbeddingTable;
}

/**
 * @param members at least one, all of the same vocabularies and sizes
 * @param from the layout of each one's rows
 * @param quantiles that the layout was made with
 * @returns what gives the mean of their logits
 */
export function foldMembers(members: readonly Member[], from: InputLayout, quantiles: readonly QuantileMap[]): Member {
  if (members.length === 1) return members[0];
  const tables = members[0].tables.map((_, i) => besideEachOther(members.map((member) => member.tables[i])));
  const dimensions = tables.map((table) => table.dimensions);
  const to = layOut(dimensions, quantiles, { powers: from.powers, searches: from.searches });
  const depth = members[0].tower.length;
  const tower = members[0].tower.map(({ inputSize, outputSize, activation }, depthIndex): DenseLayer => {
    const isLast = depthIndex === depth - 1;
    const folded = emptyLayer(
      depthIndex === 0 ? to.inputSize : inputSize * members.length,
      isLast ? outputSize : outputSize * members.length,
      activation,
    );
    members.forEach((member, m) => {
      const layer = member.tower[depthIndex];
      const columns = depthIndex === 0 ? columnsOf(m, from, to) : shifted(inputSize, m * inputSize);
      addLayer(folded, layer, columns, isLast ? 0 : m * outputSize, isLast ? 1 / members.length : 1);
    });
    return folded;
  });
  return { tables, tower };
}

/**
 * Takes a model apart again that `foldMembers` made: parts whose logits have the mean that its own has, up to rounding. What the
 * members' last biases were is not in it; each gets their mean.
 *
 * @param layout of one member's rows
 */
export function unfoldMembers(
  folded: Member,
  memberCount: number,
  layout: InputLayout,
  quantiles: readonly QuantileMap[],
): Member[] {
  if (memberCount === 1) return [folded];
  const whole = layOut(
    folded.tables.map((table) => table.dimensions),
    quantiles,
    { powers: layout.powers, searches: layout.searches },
  );
  const depth = folded.tower.length;
  return Array.from({ length: memberCount }, (_, m) => ({
    tables: folded.tables.map((table) => partOfRows(table, m, memberCount)),
    tower: folded.tower.map((layer, depthIndex) => {
      const [isFirst, isLast] = [depthIndex === 0, depthIndex === depth - 1];
      const inputSize = isFirst ? layout.inputSize : layer.inputSize / memberCount;
      const outputSize = isLast ? layer.outputSize : layer.outputSize / memberCount;
      const part = emptyLayer(inputSize, outputSize, layer.activation);
      const columns = isFirst ? columnsOf(m, layout, whole) : shifted(inputSize, m * inputSize);
      // With no hidden layer between them, the members' weights of what all rows have in common are one: their mean.
      const isShared = (column: number) => isFirst && !isOfEmbedding(layout, column);
      takeLayer(part, layer, columns, isLast ? 0 : m * outputSize, (c) => (isLast && !isShared(c) ? memberCount : 1));
      return part;
    }),
  }));
}

function partOfRows({ rowCount, dimensions, values }: EmbeddingTable, member: number, members: number): EmbeddingTable {
  const width = dimensions / members;
  const part = new Float32Array(rowCount * width);
  for (let row = 0; row < rowCount; row++) {
    const start = row * dimensions + member * width;
    part.set(values.subarray(start, start + width), row * width);
  }
  return tableFromValues(part, width);
}

function besideEachOther(tables: readonly EmbeddingTable[]): EmbeddingTable {
  const [{ rowCount, dimensions }] = tables;
  const width = tables.length * dimensions;
  const values = new Float32Array(rowCount * width);
  tables.forEach((table, m) => {
    for (let row = 0; row < rowCount; row++) {
      values.set(table.values.subarray(row * dimensions, (row + 1) * dimensions), row * width + m * dimensions);
    }
  });
  return tableFromValues(values, width);
}

/** Where in the folded row each column of a member's row is: its own part of an embedding, the same numbers for all. */
function columnsOf(member: number, from: InputLayout, to: InputLayout): Int32Array {
  const columns = new Int32Array(from.inputSize);
  from.groups.forEach((group, i) => {
    const width = group.to - group.from;
    const isShared = to.groups[i].to - to.groups[i].from === width;
    const first = to.groups[i].from + (isShared ? 0 : member * width);
    for (let c = 0; c < width; c++) columns[group.from + c] = first + c;
  });
  return columns;
}

const isOfEmbedding = ({ embeddings, tableDimensions }: InputLayout, column: number) =>
  embeddings.some(({ table, from }) => column >= from && column < from + tableDimensions[table]);

const shifted = (size: number, by: number) => Int32Array.from({ length: size }, (_, i) => i + by);

function emptyLayer(inputSize: number, outputSize: number, activation: DenseLayer['activation']): DenseLayer {
  const weights = new Float32Array(inputSize * outputSize);
  return { inputSize, outputSize, weights, bias: new Float32Array(outputSize), activation };
}

function addLayer(to: DenseLayer, layer: DenseLayer, columns: Int32Array, firstOutput: number, share: number): void {
  for (let j = 0; j < layer.outputSize; j++) to.bias[firstOutput + j] += share * layer.bias[j];
  columns.forEach((column, i) => {
    for (let j = 0; j < layer.outputSize; j++) {
      to.weights[column * to.outputSize + firstOutput + j] += share * layer.weights[i * layer.outputSize + j];
    }
  });
}

/** The way back from `addLayer`. @param scaleOf by column of `to`: what its weights are multiplied by */
function takeLayer(
  to: DenseLayer,
  layer: DenseLayer,
  columns: Int32Array,
  firstOutput: number,
  scaleOf: (column: number) => number,
): void {
  for (let j = 0; j < to.outputSize; j++) to.bias[j] = layer.bias[firstOutput + j];
  columns.forEach((column, i) => {
    const scale = scaleOf(i);
    for (let j = 0; j < to.outputSize; j++) {
      to.weights[i * to.outputSize + j] = scale * layer.weights[column * layer.outputSize + firstOutput + j];
    }
  });
}
