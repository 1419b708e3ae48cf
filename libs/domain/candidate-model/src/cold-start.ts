/**
 * A vector for a video that training never saw, from its channel and its topics: the mean of the channel's learned vectors,
 * drawn to the mean of its topics as if that had been seen in `PRIOR_VIDEOS` more of the channel's videos; topics without
 * a learned video, and a video without either, stand at the mean of all.
 *
 * Means are shorter than what they are means of, so that a newcomer comes behind the channel's hits until it is learned.
 */
import {
  listIds,
  type NamedTensor,
  type NamedTensors,
  type PackedIds,
  packIds,
  placeOf,
  type IdList,
} from '@watchnext/learning';
import { isFloat32 } from './model';

/** What decides on a newcomer's vector. */
export interface ColdStartFacts {
  readonly channelId: string;
  readonly topics: readonly string[];
}

/** A channel of so many learned videos counts as much as its topics do. */
const PRIOR_VIDEOS = 3;

interface Means {
  readonly ids: PackedIds;
  /** [ids, dimensions] */
  readonly vectors: Float32Array;
  /** Videos behind each mean. */
  readonly counts: Float32Array;
}

export interface ColdStartMetadata<Ids = readonly string[]> {
  readonly channelIds: Ids;
  readonly topicIds: Ids;
}

export interface ColdStartParts<Ids = readonly string[]> {
  readonly metadata: ColdStartMetadata<Ids>;
  /** 'channels' [channels, dimensions], 'channel_counts' [channels], 'topics', 'topic_counts', 'all' [dimensions] */
  readonly tensors: NamedTensors;
}

export class ColdStart {
  private constructor(
    private readonly channels: Means,
    private readonly topics: Means,
    /** Mean of all vectors, [dimensions]. */
    private readonly all: Float32Array,
  ) {}

  /**
   * @param videoVectors [videoIds.length, dimensions]
   * @param factsOf undefined for a video of which nothing is known
   */
  static of(
    videoIds: readonly string[],
    videoVectors: Float32Array,
    factsOf: (videoId: string) => ColdStartFacts | undefined,
  ): ColdStart {
    const dimensions = videoVectors.length / Math.max(videoIds.length, 1);
    const channels = new MeanCollector(dimensions);
    const topics = new MeanCollector(dimensions);
    const all = new MeanCollector(dimensions);
    all.touch('');
    videoIds.forEach((videoId, row) => {
      const offset = row * dimensions;
      all.add('', videoVectors, offset);
      const facts = factsOf(videoId);
      if (!facts) return;
      if (facts.channelId !== '') channels.add(facts.channelId, videoVectors, offset);
      for (const topic of new Set(facts.topics)) topics.add(topic, videoVectors, offset);
    });
    return new ColdStart(channels.means(), topics.means(), all.means().vectors);
  }

  get dimensions(): number {
    return this.all.length;
  }

  /** [dimensions] */
  vectorOf({ channelId, topics }: ColdStartFacts): Float32Array {
    const known = topics.flatMap((topic) => rowOf(this.topics, topic) ?? []);
    const vector = new Float32Array(this.dimensions);
    const add = (means: Float32Array, row: number, weight: number) => {
      for (let d = 0; d < vector.length; d++) vector[d]! += weight * means[row * vector.length + d]!;
    };
    const channelRow = rowOf(this.channels, channelId);
    const count = channelRow === undefined ? 0 : this.channels.counts[channelRow]!;
    const topicWeight = PRIOR_VIDEOS / (count + PRIOR_VIDEOS);
    if (known.length === 0) add(this.all, 0, topicWeight);
    for (const row of known) add(this.topics.vectors, row, topicWeight / known.length);
    if (channelRow !== undefined) add(this.channels.vectors, channelRow, 1 - topicWeight);
    return vector;
  }

  toParts(): ColdStartParts {
    const tensors = new Map<string, NamedTensor>();
    const add = (name: string, { ids, vectors, counts }: Means) => {
      tensors.set(`${name}s`, { shape: [ids.count, this.dimensions], data: vectors });
      tensors.set(`${name}_counts`, { shape: [ids.count], data: counts });
    };
    add('channel', this.channels);
    add('topic', this.topics);
    tensors.set('all', { shape: [this.dimensions], data: this.all });
    return { metadata: { channelIds: listIds(this.channels.ids), topicIds: listIds(this.topics.ids) }, tensors };
  }

  /** @throws Error when a part is missing, does not fit the others, or is not finite */
  static fromParts(parts: ColdStartParts<IdList>): ColdStart {
    for (const [name, { data }] of parts.tensors) {
      if (!data.every(Number.isFinite))
        throw new Error(`cold start: the tensor "${name}" has values that are not finite`);
    }
    return ColdStart.fromFiniteParts(parts);
  }

  /** The same for parts of which it is known that they are finite, which takes a while to see of many channels. */
  static fromFiniteParts({ metadata, tensors }: ColdStartParts<IdList>): ColdStart {
    const tensor = (name: string, length: number): Float32Array => {
      const data = tensors.get(name)?.data;
      if (!isFloat32(data) || data.length !== length) {
        throw new Error(`cold start: the tensor "${name}" is not ${length} float32 values`);
      }
      return data;
    };
    const dimensions = tensors.get('all')?.data.length ?? 0;
    const means = (name: string, listed: IdList): Means => {
      const ids = packIds(listed);
      return { ids, vectors: tensor(`${name}s`, ids.count * dimensions), counts: tensor(`${name}_counts`, ids.count) };
    };
    return new ColdStart(
      means('channel', metadata.channelIds),
      means('topic', metadata.topicIds),
      tensor('all', dimensions),
    );
  }
}

/** Undefined for an id without a mean. */
function rowOf({ ids }: Means, id: string): number | undefined {
  const place = placeOf(ids, id);
  return place < 0 ? undefined : place;
}

/** Means of vectors by id. */
class MeanCollector {
  private readonly sums = new Map<string, { readonly sum: Float64Array; count: number }>();

  constructor(private readonly dimensions: number) {}

  touch(id: string): { readonly sum: Float64Array; count: number } {
    let entry = this.sums.get(id);
    if (!entry) this.sums.set(id, (entry = { sum: new Float64Array(this.dimensions), count: 0 }));
    return entry;
  }

  add(id: string, vectors: Float32Array, offset: number): void {
    const entry = this.touch(id);
    entry.count++;
    for (let d = 0; d < this.dimensions; d++) entry.sum[d]! += vectors[offset + d]!;
  }

  means(): Means {
    const entries = [...this.sums.values()];
    const vectors = new Float32Array(entries.length * this.dimensions);
    entries.forEach(({ sum, count }, row) =>
      vectors.set(
        sum.map((value) => value / Math.max(count, 1)),
        row * this.dimensions,
      ),
    );
    return {
      ids: packIds([...this.sums.keys()]),
      vectors,
      counts: Float32Array.from(entries, ({ count }) => count),
    };
  }
}
