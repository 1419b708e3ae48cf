import { createTable, initialiseStack, type DenseStack, type Random } from '@watchnext/learning';
import { type CandidateModelConfig, interestsOf, towerSizes } from './config';
import { coWatchVectors, type WatchedSets } from './co-watch-vectors';
import type { CandidateTables } from './engine';
import { initialPositions, initialQueries } from './history-heads';
import { openPassage } from './history-passage';
import { inputLayout, type InputLayout } from './input';
import type { CandidateVocabularies } from './vocabularies';

export interface InitialWeights {
  readonly tables: CandidateTables;
  readonly tower: DenseStack;
  readonly layout: InputLayout;
}

/** Beside vectors of co-watches, so that no dimension is zero in all of them: it would stay so. */
const RANDOM_SHARE = 0.1;
/** Of the vectors of co-watches, in `tableInitialScale`. */
const CO_WATCH_SCALE = 2;

/**
 * What a training begins with but for an earlier model and vectors of co-watches: random tables, and a tower that is random or, where
 * the settings say co-watches, passes the history's vectors through.
 */
export function initialWeights(
  vocabularies: CandidateVocabularies,
  config: CandidateModelConfig,
  random: Random,
): InitialWeights {
  const tables = randomTables(vocabularies, config, random.fork('tables'));
  const layout = inputLayout(tables, config);
  const tower = initialiseStack(towerSizes(layout.inputSize, config), random.fork('tower'));
  // Several user vectors have to begin apart.
  if (config.initialWeights === 'co-watches' && interestsOf(config) === 1)
    openPassage(tower, layout, config.dimensions);
  return { tables, tower, layout };
}

export interface CoWatchStartOptions {
  readonly config: CandidateModelConfig;
  /** That the tables were made with. */
  readonly random: Random;
  readonly signal?: AbortSignal;
  readonly onOtherWork?: (work: string) => void;
}

/** Overwrites the videos' random vectors in both tables. */
export async function beginWithCoWatches(
  { watched: table, output }: CandidateTables,
  watched: WatchedSets,
  { config, random, signal, onOtherWork }: CoWatchStartOptions,
): Promise<void> {
  const { rowCount, dimensions, values } = table;
  const vectors = await coWatchVectors(watched, {
    rowCount,
    dimensions,
    scale: CO_WATCH_SCALE * config.tableInitialScale,
    random: random.fork('co-watches'),
    signal,
    onProgress: (share) => onOtherWork?.(`vectors of who watched what, ${Math.round(100 * share)}%`),
  });
  for (let i = 0; i < values.length; i++) values[i] = RANDOM_SHARE * values[i] + vectors[i];
  if (output !== table) output.values.set(values);
}

function randomTables(
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
