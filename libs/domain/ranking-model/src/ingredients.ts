/** What a ranking model is made of, and whether it fits together. */
import type { DenseStack, EmbeddingTable, Vocabulary } from '@watchnext/learning';
import type { Calibration } from './calibration';
import { crossBucketsOf, hasClickHead, type RankingModelConfig } from './config';
import { ALL_NUMBERS, tableNames } from './input-layout';
import type { QuantileMap } from './quantiles';

/** Vocabularies and tables as `tableNames`, quantiles as `ALL_NUMBERS`. */
export interface ModelIngredients {
  readonly config: RankingModelConfig;
  readonly vocabularies: readonly Vocabulary[];
  readonly tables: readonly EmbeddingTable[];
  readonly quantiles: readonly QuantileMap[];
  readonly tower: DenseStack;
  readonly calibration: Calibration;
  /** Weights of pairs of ids, [1 + buckets, heads], of a model that has them; the tower hands them through. */
  readonly crosses?: EmbeddingTable;
}

/** @throws Error naming what does not fit. @param inputSize of the rows that the layout makes */
export function checkFit(ingredients: ModelIngredients, inputSize: number): void {
  const { config, vocabularies, tables, quantiles, tower, crosses } = ingredients;
  if (config.crosses !== undefined && crosses?.rowCount !== 1 + crossBucketsOf(config)) {
    throw new Error(`${crosses?.rowCount} rows of weights for pairs hashed to ${crossBucketsOf(config)}`);
  }
  tableNames(config).forEach((name, i) => {
    if (tables[i]?.rowCount !== vocabularies[i]?.rowCount) {
      throw new Error(
        `table "${name}" has ${tables[i]?.rowCount} rows for a vocabulary of ${vocabularies[i]?.rowCount}`,
      );
    }
  });
  if (quantiles.length !== ALL_NUMBERS.length) {
    throw new Error(`${quantiles.length} quantile maps for ${ALL_NUMBERS.length} numbers`);
  }
  const [first, last] = [tower[0], tower[tower.length - 1]];
  if (first?.inputSize !== inputSize || last?.outputSize !== (hasClickHead(config) ? 2 : 1)) {
    throw new Error(`a tower from ${first?.inputSize} to ${last?.outputSize} where rows have ${inputSize} values`);
  }
}
