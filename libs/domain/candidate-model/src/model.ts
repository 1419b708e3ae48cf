import type { CandidateFeatures } from '@watchnext/features';
import {
  checkStack,
  runStack,
  tableFromValues,
  Vocabulary,
  type DenseLayer,
  type DenseStack,
  type EmbeddingTable,
  type NamedTensor,
  type NamedTensors,
} from '@watchnext/learning';
import { checkConfig, hasHeads, HISTORY_LENGTH, type CandidateModelConfig } from './config';
import type { CandidateTables } from './engine';
import { assembleInputs, encodeInput, inputLayout, type InputLayout } from './input';
import type { CandidateVocabularies } from './vocabularies';

/** The parts of a model that are not numbers: JSON. */
export interface CandidateModelMetadata {
  readonly config: CandidateModelConfig;
  /** An example age of this many days is the input 1. */
  readonly windowDays: number;
  readonly videoIds: readonly string[];
  readonly searchTokens: readonly string[];
  readonly countries: readonly string[];
  readonly devices: readonly string[];
  readonly towerActivations: readonly DenseLayer['activation'][];
}

export interface CandidateModelParts {
  readonly metadata: CandidateModelMetadata;
  /**
   * 'video_vectors' [videos, dimensions]; 'watched_videos' [videos + 1, dimensions], 'search_tokens', 'countries',
   * 'devices', each with the zero row of ids out of vocabulary first; of encoders with heads 'history_positions'
   * [HISTORY_LENGTH + 1, heads], and of 'query-heads' 'history_queries' [heads + 1, dimensions], their first rows zero, too;
   * 'tower.0.weights' [in, out], 'tower.0.bias' [out], …. With tied tables 'watched_videos' repeats 'video_vectors'.
   */
  readonly tensors: NamedTensors;
}

/**
 * A trained candidate model (paper §3): the user vector u of a set of features, and the vector v of each video. The
 * score of a video is u · v.
 *
 *   const u = model.userVector(features, 0);
 */
export class CandidateModel {
  readonly videoIds: readonly string[];
  /** v: [videoIds.length, config.dimensions]; row i belongs to videoIds[i]. */
  readonly videoVectors: Float32Array;
  readonly layout: InputLayout;

  constructor(
    readonly config: CandidateModelConfig,
    private readonly windowDays: number,
    private readonly vocabularies: CandidateVocabularies,
    private readonly tables: CandidateTables,
    /** From an input row to u; linear at the end. */
    readonly tower: DenseStack,
  ) {
    this.videoIds = vocabularies.videos.ids;
    this.videoVectors = tables.output.values.subarray(tables.output.dimensions);
    this.layout = inputLayout(tables, config);
  }

  get inputSize(): number {
    return this.layout.inputSize;
  }

  /** Row of a video in `videoVectors`; undefined for one without a vector. */
  videoRow(videoId: string): number | undefined {
    const index = this.vocabularies.videos.indexOf(videoId);
    return index === 0 ? undefined : index - 1;
  }

  /**
   * Writes the tower's input row to out[offset … offset + inputSize).
   * @param exampleAgeDays 0 when serving
   */
  writeInput(features: CandidateFeatures, exampleAgeDays: number, out: Float32Array, offset: number): void {
    if (offset < 0 || offset + this.inputSize > out.length) {
      throw new RangeError(`an input row of ${this.inputSize} numbers does not fit at ${offset} of ${out.length}`);
    }
    const input = encodeInput(features, exampleAgeDays / this.windowDays, this.vocabularies, this.config);
    assembleInputs(this.layout, this.tables, input, out, offset);
  }

  /** u, [config.dimensions], by the reference implementation. */
  userVector(features: CandidateFeatures, exampleAgeDays: number): Float32Array {
    const row = new Float32Array(this.inputSize);
    this.writeInput(features, exampleAgeDays, row, 0);
    return runStack(this.tower, row, 1);
  }

  toParts(): CandidateModelParts {
    const { tables, tower, vocabularies } = this;
    const { dimensions } = this.config;
    const tensors = new Map<string, NamedTensor>();
    tensors.set('video_vectors', { shape: [this.videoIds.length, dimensions], data: this.videoVectors });
    for (const [name, tensorName] of INPUT_TABLES) {
      const { rowCount, dimensions: width, values } = tables[name];
      tensors.set(tensorName, { shape: [rowCount, width], data: values });
    }
    for (const [name, tensorName] of HEAD_TABLES) {
      const { rowCount, dimensions: width, values } = tables[name];
      if (rowCount > 1) tensors.set(tensorName, { shape: [rowCount, width], data: values });
    }
    tower.forEach(({ inputSize, outputSize, weights, bias }, i) => {
      tensors.set(`tower.${i}.weights`, { shape: [inputSize, outputSize], data: weights });
      tensors.set(`tower.${i}.bias`, { shape: [outputSize], data: bias });
    });
    return {
      metadata: {
        config: this.config,
        windowDays: this.windowDays,
        videoIds: this.videoIds,
        searchTokens: vocabularies.searchTokens.ids,
        countries: vocabularies.countries.ids,
        devices: vocabularies.devices.ids,
        towerActivations: tower.map((layer) => layer.activation),
      },
      tensors,
    };
  }

  /**
   * @param videos of `metadata.videoIds`, where it was made before, as by a service that must not pause for it
   * @throws Error when a part is missing or does not fit the others
   */
  static fromParts(
    { metadata, tensors }: { metadata: object; tensors: NamedTensors },
    videos?: Vocabulary,
  ): CandidateModel {
    const { config, windowDays, towerActivations, ...ids } = metadata as CandidateModelMetadata;
    checkConfig(config);
    if (!(windowDays > 0)) throw new Error(`candidate model: windowDays is ${windowDays}`);
    const vocabularies: CandidateVocabularies = {
      videos: videos ?? Vocabulary.fromIds(ids.videoIds),
      searchTokens: Vocabulary.fromIds(ids.searchTokens),
      countries: Vocabulary.fromIds(ids.countries),
      devices: Vocabulary.fromIds(ids.devices),
    };
    const table = (name: string, { rowCount }: Vocabulary, dimensions: number) =>
      tableFromValues(tensor(tensors, name, [rowCount, dimensions]), dimensions);
    const { dimensions, historyEncoder, historyHeads } = config;
    const watched = table('watched_videos', vocabularies.videos, dimensions);
    const vectors = tensor(tensors, 'video_vectors', [ids.videoIds.length, dimensions]);
    const headTable = (name: string, present: boolean, rowCount: number, width: number) =>
      present ? tableFromValues(tensor(tensors, name, [rowCount, width]), width) : tableFromValues([0], 1);
    const tables: CandidateTables = {
      watched,
      searchTokens: table('search_tokens', vocabularies.searchTokens, config.searchTokenDimensions),
      countries: table('countries', vocabularies.countries, config.countryDimensions),
      devices: table('devices', vocabularies.devices, config.deviceDimensions),
      positions: headTable('history_positions', hasHeads(historyEncoder), HISTORY_LENGTH + 1, historyHeads),
      queries: headTable('history_queries', historyEncoder === 'query-heads', historyHeads + 1, dimensions),
      output: config.tiedTables ? watched : outputTable(vectors, dimensions),
    };
    const sizes = [inputLayout(tables, config).inputSize, ...config.hiddenSizes, config.dimensions];
    const tower = towerActivations.map((activation, i): DenseLayer => {
      const [inputSize, outputSize] = [sizes[i], sizes[i + 1]];
      const weights = tensor(tensors, `tower.${i}.weights`, [inputSize, outputSize]);
      return { inputSize, outputSize, weights, bias: tensor(tensors, `tower.${i}.bias`, [outputSize]), activation };
    });
    if (tower.length !== sizes.length - 1)
      throw new Error(`candidate model: ${tower.length} layers for sizes ${sizes}`);
    checkStack(tower);
    return new CandidateModel(config, windowDays, vocabularies, tables, tower);
  }
}

const INPUT_TABLES = [
  ['watched', 'watched_videos'],
  ['searchTokens', 'search_tokens'],
  ['countries', 'countries'],
  ['devices', 'devices'],
] as const;

const HEAD_TABLES = [
  ['positions', 'history_positions'],
  ['queries', 'history_queries'],
] as const;

function outputTable(vectors: Float32Array, dimensions: number): EmbeddingTable {
  const values = new Float32Array(vectors.length + dimensions);
  values.set(vectors, dimensions);
  return tableFromValues(values, dimensions);
}

function tensor(tensors: NamedTensors, name: string, shape: readonly number[]): Float32Array {
  const found = tensors.get(name);
  if (!found) throw new Error(`candidate model: the tensor "${name}" is missing`);
  const fits = found.shape.length === shape.length && found.shape.every((size, i) => size === shape[i]);
  if (
    !(found.data instanceof Float32Array) ||
    !fits ||
    found.data.length !== shape.reduce((product, size) => product * size, 1)
  ) {
    throw new Error(`candidate model: the tensor "${name}" is not float32 of shape [${shape.join(', ')}]`);
  }
  return found.data;
}
