import type { CandidateFeatures } from '@watchnext/features';
import {
  checkStack,
  runStack,
  tableFromValues,
  tableOver,
  Vocabulary,
  type DenseLayer,
  type EmbeddingTable,
  type DenseStack,
  type NamedTensor,
  type NamedTensors,
  type IdList,
} from '@watchnext/learning';
import type { AgeWindow } from './age-window';
import { checkConfig, hasHeads, placeCount, type CandidateModelConfig, towerSizes } from './config';
import type { CandidateInputTables } from './engine';
import { assembleInputs, encodeInput, inputLayout, type InputLayout } from './input';
import { scaleToLength } from './unit-vectors';
import type { CandidateVocabularies } from './vocabularies';

/** The parts of a model that are not numbers: JSON, where ids are lists. */
export interface CandidateModelMetadata<Ids = readonly string[]> {
  readonly config: CandidateModelConfig;
  /** An example age of this many days is the input 1. */
  readonly windowDays: number;
  /** It is asked at no lower age; absent: 0. */
  readonly leastAgeDays?: number;
  readonly videoIds: Ids;
  readonly searchTokens: Ids;
  readonly countries: Ids;
  readonly devices: Ids;
  readonly towerActivations: readonly DenseLayer['activation'][];
}

export interface CandidateModelParts {
  readonly metadata: CandidateModelMetadata;
  /**
   * 'video_vectors' [videos, dimensions]; 'watched_videos' [videos + 1, dimensions], 'search_tokens', 'countries',
   * 'devices', each with the zero row of ids out of vocabulary first; of encoders with heads 'history_positions'
   * [places + 1, heads], and of 'query-heads' 'history_queries' [heads + 1, dimensions], their first rows zero, too;
   * 'tower.0.weights' [in, out], 'tower.0.bias' [out], …. With tied tables 'watched_videos' repeats 'video_vectors', but
   * for their lengths where the model has a temperature: the latter are of length 1 then.
   */
  readonly tensors: NamedTensors;
}

/**
 * A trained candidate model (paper §3): the user vector u of a set of features, and the vector v of each video. The
 * score of a video is u · v, and its probability ∝ e^(logitScale · u · v). With several interests a viewer has as many
 * user vectors, and the score is the greatest of their inner products with v (`scoreVideos`).
 *
 *   const u = model.userVector(features, 0);
 */
export class CandidateModel {
  readonly layout: InputLayout;

  constructor(
    readonly config: CandidateModelConfig,
    readonly ages: AgeWindow,
    private readonly vocabularies: CandidateVocabularies,
    private readonly tables: CandidateInputTables,
    /** v: [videoCount, config.dimensions]; row i belongs to videoIdAt(i). */
    readonly videoVectors: Float32Array,
    /** From an input row to u, or to the u of each interest one after the other; linear at the end. */
    readonly tower: DenseStack,
  ) {
    this.layout = inputLayout(tables, config);
  }

  get inputSize(): number {
    return this.layout.inputSize;
  }

  get videoCount(): number {
    return this.vocabularies.videos.size;
  }

  /** In the order of the rows: a list of as many strings as there are videos. */
  get videoIds(): readonly string[] {
    return this.vocabularies.videos.ids;
  }

  /** @throws RangeError for a row without a video */
  videoIdAt(row: number): string {
    return this.vocabularies.videos.idAt(row + 1);
  }

  /** Row of a video in `videoVectors`; undefined for one without a vector. */
  videoRow(videoId: string): number | undefined {
    const index = this.vocabularies.videos.indexOf(videoId);
    return index === 0 ? undefined : index - 1;
  }

  /**
   * Writes the tower's input row to out[offset … offset + inputSize).
   * @param exampleAgeDays 0 when serving; where the model has learned nothing of so low an age, the lowest that it has counts
   */
  writeInput(features: CandidateFeatures, exampleAgeDays: number, out: Float32Array, offset: number): void {
    if (offset < 0 || offset + this.inputSize > out.length) {
      throw new RangeError(`an input row of ${this.inputSize} numbers does not fit at ${offset} of ${out.length}`);
    }
    const { days, leastDays = 0 } = this.ages;
    const input = encodeInput(features, Math.max(exampleAgeDays, leastDays) / days, this.vocabularies, this.config);
    assembleInputs(this.layout, this.tables, input, out, offset);
  }

  /** u, [interests, config.dimensions], by the reference implementation. */
  userVector(features: CandidateFeatures, exampleAgeDays: number): Float32Array {
    const row = new Float32Array(this.inputSize);
    this.writeInput(features, exampleAgeDays, row, 0);
    return this.userVectorFrom(runStack(this.tower, row, 1));
  }

  /** u from what the tower gives, in place: each of length 1 where the model has a temperature. */
  userVectorFrom(output: Float32Array): Float32Array {
    if (this.config.temperature !== undefined) scaleToLength(output, this.config.dimensions, 1);
    return output;
  }

  /** From scores to the logits of the softmax that the model was trained with. */
  get logitScale(): number {
    return 1 / (this.config.temperature ?? 1);
  }

  toParts(): CandidateModelParts {
    const { tables, tower, vocabularies } = this;
    const { dimensions } = this.config;
    const tensors = new Map<string, NamedTensor>();
    tensors.set('video_vectors', { shape: [this.videoCount, dimensions], data: this.videoVectors });
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
        windowDays: this.ages.days,
        ...(this.ages.leastDays === undefined ? {} : { leastAgeDays: this.ages.leastDays }),
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
   * @param parts ids as lists or packed; tensors on shared memory are used as they are, others copied
   * @throws Error when a part is missing or does not fit the others
   */
  static fromParts({ metadata, tensors }: { metadata: object; tensors: NamedTensors }): CandidateModel {
    const { config, windowDays, leastAgeDays, towerActivations, ...ids } = metadata as CandidateModelMetadata<IdList>;
    checkConfig(config);
    if (!(windowDays > 0)) throw new Error(`candidate model: windowDays is ${windowDays}`);
    if (leastAgeDays !== undefined && !(leastAgeDays >= 0 && leastAgeDays <= windowDays)) {
      throw new Error(`candidate model: leastAgeDays is ${leastAgeDays} of ${windowDays}`);
    }
    const vocabularies: CandidateVocabularies = {
      videos: Vocabulary.fromIds(ids.videoIds),
      searchTokens: Vocabulary.fromIds(ids.searchTokens),
      countries: Vocabulary.fromIds(ids.countries),
      devices: Vocabulary.fromIds(ids.devices),
    };
    const table = (name: string, { rowCount }: Vocabulary, dimensions: number) =>
      tableOver(tensor(tensors, name, [rowCount, dimensions]), dimensions);
    const { dimensions, historyEncoder, historyHeads } = config;
    const watched = table('watched_videos', vocabularies.videos, dimensions);
    const vectors = tensor(tensors, 'video_vectors', [vocabularies.videos.size, dimensions]);
    const headTable = (name: string, present: boolean, rowCount: number, width: number) =>
      present ? tableOver(tensor(tensors, name, [rowCount, width]), width) : tableFromValues([0], 1);
    const tables: CandidateInputTables = {
      watched,
      searchTokens: table('search_tokens', vocabularies.searchTokens, config.searchTokenDimensions),
      countries: table('countries', vocabularies.countries, config.countryDimensions),
      devices: table('devices', vocabularies.devices, config.deviceDimensions),
      positions: headTable('history_positions', hasHeads(historyEncoder), placeCount(config) + 1, historyHeads),
      queries: headTable('history_queries', historyEncoder === 'query-heads', historyHeads + 1, dimensions),
    };
    const sizes = towerSizes(inputLayout(tables, config).inputSize, config);
    const tower = towerActivations.map((activation, i): DenseLayer => {
      const [inputSize, outputSize] = [sizes[i], sizes[i + 1]];
      const weights = tensor(tensors, `tower.${i}.weights`, [inputSize, outputSize]);
      return { inputSize, outputSize, weights, bias: tensor(tensors, `tower.${i}.bias`, [outputSize]), activation };
    });
    if (tower.length !== sizes.length - 1)
      throw new Error(`candidate model: ${tower.length} layers for sizes ${sizes}`);
    checkStack(tower);
    const videoVectors = vectorsAreWatchedRows(config) ? watched.values.subarray(dimensions) : vectors;
    const ages = { days: windowDays, ...(leastAgeDays === undefined ? {} : { leastDays: leastAgeDays }) };
    return new CandidateModel(config, ages, vocabularies, tables, videoVectors, tower);
  }
}

/** Whether video vectors are rows of the table of watched videos: with tied tables, unless a temperature makes them all of length 1. */
export function vectorsAreWatchedRows({
  tiedTables,
  temperature,
}: Pick<CandidateModelConfig, 'tiedTables' | 'temperature'>): boolean {
  return tiedTables && temperature === undefined;
}

/** v: the output table without the row of ids out of vocabulary; a copy where the model has a temperature. */
export function videoVectorsOf(
  { values, dimensions }: EmbeddingTable,
  { temperature }: Pick<CandidateModelConfig, 'temperature'>,
): Float32Array {
  const vectors = values.subarray(dimensions);
  if (temperature === undefined) return vectors;
  const scaled = vectors.slice();
  scaleToLength(scaled, dimensions, 1);
  return scaled;
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

/** By name: what another thread sent may be of another realm's class. */
export const isFloat32 = (data: NamedTensor['data'] | undefined): data is Float32Array =>
  data?.[Symbol.toStringTag] === 'Float32Array';

function tensor(tensors: NamedTensors, name: string, shape: readonly number[]): Float32Array {
  const found = tensors.get(name);
  if (!found) throw new Error(`candidate model: the tensor "${name}" is missing`);
  const fits = found.shape.length === shape.length && found.shape.every((size, i) => size === shape[i]);
  if (!isFloat32(found.data) || !fits || found.data.length !== shape.reduce((product, size) => product * size, 1)) {
    throw new Error(`candidate model: the tensor "${name}" is not float32 of shape [${shape.join(', ')}]`);
  }
  return found.data;
}
