/** A ranking model of any size with random weights: what a score costs does not depend on what was learned. */
import { initialiseStack, type NamedTensor, type Random } from '@watchnext/learning';
import { RankingModel } from '@watchnext/ranking-model';
import { trainTinyRanker } from '@watchnext/testing/snapshots';

export interface RankerSize {
  readonly vocabularies: Readonly<Record<'videos' | 'channels' | 'topics', readonly string[]>>;
  /** @param rowCount of the table, the row of unknown ids included */
  readonly dimensionsOf: (table: string, rowCount: number) => number;
  readonly hiddenSizes: readonly number[];
  /** When the tiny training behind it takes place. */
  readonly nowMs: number;
  readonly random: Random;
  readonly seed: number;
}

/** Numbers and their quantiles are as a tiny training finds them; tables and tower are of the size wanted. */
export async function sizedRanker(size: RankerSize): Promise<RankingModel> {
  const { random, hiddenSizes, nowMs, seed } = size;
  const { videos, channels } = size.vocabularies;
  const tiny = (
    await trainTinyRanker({
      videos: videos.slice(0, 60).map((videoId, i) => ({
        videoId,
        channelId: channels[i % channels.length]!,
        durationSeconds: 30 + i,
        uploadedAtMs: nowMs - 20_000_000_000 + i,
      })),
      seed,
    })
  ).toParts();
  const vocabularies = { ...tiny.metadata.vocabularies, ...size.vocabularies };
  const tensors = new Map<string, NamedTensor>(tiny.tensors);
  for (const [name, ids] of Object.entries(vocabularies)) {
    const rows = ids.length + 1;
    const dimensions = size.dimensionsOf(name, rows);
    const data = new Float32Array(rows * dimensions);
    for (let i = dimensions; i < data.length; i++) data[i] = 0.1 * random.gaussian();
    tensors.set(`table.${name}`, { shape: [rows, dimensions], data });
  }
  const inputSize = inputSizeOf(tiny.tensors, tensors, Object.keys(vocabularies));
  const headCount = tiny.tensors.get(`tower.${tiny.metadata.activations.length - 1}.bias`)!.data.length;
  const tower = initialiseStack([inputSize, ...hiddenSizes, headCount], random.fork('tower'));
  for (const name of [...tensors.keys()]) if (name.startsWith('tower.')) tensors.delete(name);
  tower.forEach((layer, i) => {
    tensors.set(`tower.${i}.weights`, { shape: [layer.inputSize, layer.outputSize], data: layer.weights });
    tensors.set(`tower.${i}.bias`, { shape: [layer.outputSize], data: layer.bias });
  });
  const metadata = {
    ...tiny.metadata,
    vocabularies,
    config: { ...tiny.metadata.config, hiddenSizes },
    activations: tower.map(({ activation }) => activation),
  };
  return RankingModel.fromParts({ metadata, tensors });
}

/** The row's size from the tower that the tiny model has, and what the tables' dimensions differ by. */
function inputSizeOf(
  tiny: ReadonlyMap<string, NamedTensor>,
  tensors: ReadonlyMap<string, NamedTensor>,
  tables: readonly string[],
): number {
  const roles: Record<string, number> = { videos: 3 };
  let size = tiny.get('tower.0.weights')!.shape[0]!;
  for (const name of tables) {
    const width = (of: ReadonlyMap<string, NamedTensor>) => of.get(`table.${name}`)!.shape[1]!;
    size += (roles[name] ?? 1) * (width(tensors) - width(tiny));
  }
  return size;
}
