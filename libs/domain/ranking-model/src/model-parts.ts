/** A ranking model as JSON and named tensors, the form it has in a snapshot. */
import {
  type IdList,
  tableOver,
  Vocabulary,
  type DenseLayer,
  type DenseStack,
  type EmbeddingTable,
  type NamedTensor,
  type NamedTensors,
} from '@watchnext/learning';
import type { Calibration } from './calibration';
import type { RankingModelConfig } from './config';
import { ALL_NUMBERS, tableNames, type TableName } from './input-layout';
import { QuantileMap } from './quantiles';
import type { ModelIngredients } from './ingredients';

/** @typeParam Ids lists in JSON; a program that loads a model may hand over packed ones */
export interface ModelMetadata<Ids = readonly string[]> {
  readonly config: RankingModelConfig;
  /** Of the features, in the order of the columns; a program with other features must not serve this model. */
  readonly numberNames: readonly string[];
  /** Of the tables that the model has. */
  readonly vocabularies: Readonly<Record<Exclude<TableName, 'searchTokens'>, Ids>> & { readonly searchTokens?: Ids };
  readonly activations: readonly DenseLayer['activation'][];
  readonly calibration: Calibration;
}

export interface ModelParts<Ids = readonly string[]> {
  /** Survives JSON unchanged, where ids are lists. */
  readonly metadata: ModelMetadata<Ids>;
  /**
   * "table.NAME" [rows, dimensions], and "table.crosses" [1 + buckets, heads] where there are pairs; "tower.N.weights" [inputs, outputs] and "tower.N.bias" [outputs]; the quantiles of
   * all numbers one after the other: "quantiles.values" and "quantiles.positions" [total], "quantiles.counts" and
   * "quantiles.missing" [numbers].
   */
  readonly tensors: NamedTensors;
}

export function partsOfModel(ingredients: ModelIngredients): ModelParts {
  const { config, vocabularies, tables, quantiles, tower, calibration, crosses } = ingredients;
  const tensors = new Map<string, NamedTensor>();
  const names = tableNames(config);
  names.forEach((name, i) => {
    const { rowCount, dimensions, values } = tables[i];
    tensors.set(`table.${name}`, { shape: [rowCount, dimensions], data: values });
  });
  tower.forEach(({ inputSize, outputSize, weights, bias }, i) => {
    tensors.set(`tower.${i}.weights`, { shape: [inputSize, outputSize], data: weights });
    tensors.set(`tower.${i}.bias`, { shape: [outputSize], data: bias });
  });
  if (crosses) tensors.set(CROSSES, { shape: [crosses.rowCount, crosses.dimensions], data: crosses.values });
  const vector = (name: string, data: NamedTensor['data']) =>
    tensors.set(`quantiles.${name}`, { shape: [data.length], data });
  vector('values', Float64Array.from(quantiles.flatMap((map) => [...map.values])));
  vector('positions', Float64Array.from(quantiles.flatMap((map) => [...map.positions])));
  vector(
    'counts',
    Int32Array.from(quantiles, (map) => map.values.length),
  );
  vector(
    'missing',
    Int32Array.from(quantiles, (map) => (map.mayBeMissing ? 1 : 0)),
  );
  return {
    metadata: {
      config,
      numberNames: ALL_NUMBERS,
      vocabularies: Object.fromEntries(
        names.map((name, i) => [name, vocabularies[i].ids]),
      ) as ModelMetadata['vocabularies'],
      activations: tower.map((layer) => layer.activation),
      calibration,
    },
    tensors,
  };
}

/** @throws Error naming what is missing or does not fit */
export function modelFromParts({ metadata, tensors }: ModelParts<IdList>): ModelIngredients {
  if (metadata.numberNames.join() !== ALL_NUMBERS.join()) {
    const [theirs, ours] = [new Set(metadata.numberNames), new Set(ALL_NUMBERS)];
    const differing = [
      ...ALL_NUMBERS.filter((n) => !theirs.has(n)),
      ...metadata.numberNames.filter((n) => !ours.has(n)),
    ];
    throw new Error(
      `the model was trained on other features than this program has: ${differing.join(', ') || 'their order'}`,
    );
  }
  const names = tableNames(metadata.config);
  return {
    config: metadata.config,
    vocabularies: names.map((name) => Vocabulary.fromIds(idsOf(metadata, name))),
    tables: names.map((name) => tableOf(tensors, `table.${name}`)),
    quantiles: quantilesOf(tensors),
    tower: towerOf(tensors, metadata.activations),
    calibration: metadata.calibration,
    ...(metadata.config.crosses ? { crosses: tableOf(tensors, CROSSES) } : {}),
  };
}

/** Of pairs of ids; it has no vocabulary. */
const CROSSES = 'table.crosses';

function idsOf({ vocabularies }: ModelMetadata<IdList>, name: TableName): IdList {
  const ids = vocabularies[name];
  if (ids === undefined) throw new Error(`the model lacks the vocabulary "${name}"`);
  return ids;
}

function tableOf(tensors: NamedTensors, name: string): EmbeddingTable {
  const { shape, data } = tensorOf(tensors, name, Float32Array, 2);
  return tableOver(data, shape[1]);
}

function towerOf(tensors: NamedTensors, activations: ModelMetadata['activations']): DenseStack {
  return activations.map((activation, i) => {
    const weights = tensorOf(tensors, `tower.${i}.weights`, Float32Array, 2);
    const bias = tensorOf(tensors, `tower.${i}.bias`, Float32Array, 1);
    const [inputSize, outputSize] = weights.shape;
    return { inputSize, outputSize, weights: weights.data, bias: bias.data, activation };
  });
}

function quantilesOf(tensors: NamedTensors): QuantileMap[] {
  const values = tensorOf(tensors, 'quantiles.values', Float64Array, 1).data;
  const positions = tensorOf(tensors, 'quantiles.positions', Float64Array, 1).data;
  const counts = tensorOf(tensors, 'quantiles.counts', Int32Array, 1).data;
  const missing = tensorOf(tensors, 'quantiles.missing', Int32Array, 1).data;
  let from = 0;
  return Array.from(counts, (count, i) => {
    const to = (from += count);
    return new QuantileMap(values.slice(to - count, to), positions.slice(to - count, to), missing[i] === 1);
  });
}

function tensorOf<T extends NamedTensor['data']>(
  tensors: NamedTensors,
  name: string,
  type: new (length: number) => T,
  rank: number,
): { shape: readonly number[]; data: T } {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new Error(`the model lacks the tensor "${name}"`);
  const { shape, data } = tensor;
  const size = shape.reduce((product, length) => product * length, 1);
  // By name: what another thread sent may be of another realm's class.
  if (data[Symbol.toStringTag] !== type.name || shape.length !== rank || data.length !== size) {
    throw new Error(
      `the tensor "${name}" is not ${type.name} of ${rank} axes: [${shape.join(', ')}] of ${data.length}`,
    );
  }
  return { shape, data: data as T };
}
