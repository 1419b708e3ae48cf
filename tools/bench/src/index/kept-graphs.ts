/** Graphs take minutes to build: kept in a folder, with the time that they took, they serve the next run over the same vectors. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnnIndex } from '@watchnext/ann-index';

/** The decision that last changed what graph the same vectors and parameters give: older ones are not taken. */
const BUILT_BY_DECISION = 140;

export interface KeptGraphs {
  readonly paths: readonly string[];
  readonly buildSeconds: number;
}

/**
 * The graphs of these vectors and parameters in `folder`, or else those that `build` makes and writes to the paths it is given.
 * @param clock what the seconds are counted by: graphs timed by another are not taken
 * @param build resolves to the seconds that it took
 */
export async function keptGraphs(
  folder: string,
  vectors: Float32Array,
  parameters: AnnIndex['parameters'],
  clock: string,
  build: (paths: readonly string[]) => Promise<number>,
): Promise<KeptGraphs> {
  const name = `${nameOf(vectors, parameters, clock)}-${BUILT_BY_DECISION}`;
  const paths = Array.from({ length: parameters.shardCount }, (_, shard) => join(folder, `${name}-${shard}.hnsw`));
  // Written last: a build that was cut short has none.
  const noted = join(folder, `${name}.json`);
  const note = await readFile(noted, 'utf8').catch(() => undefined);
  if (note !== undefined) return { paths, buildSeconds: (JSON.parse(note) as { buildSeconds: number }).buildSeconds };
  await mkdir(folder, { recursive: true });
  const buildSeconds = await build(paths);
  await writeFile(noted, JSON.stringify({ ...settingOf(parameters), clock, buildSeconds }, undefined, 2));
  return { paths, buildSeconds };
}

/** Tells graphs of other vectors, or made otherwise, apart. */
export function nameOf(vectors: Float32Array, parameters: AnnIndex['parameters'], clock: string): string {
  const bytes = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
  const setting = { ...settingOf(parameters), clock };
  return createHash('sha256').update(JSON.stringify(setting)).update(bytes).digest('hex').slice(0, 16);
}

/** What a graph is made by; how broadly it is searched makes no other one. */
const settingOf = ({ space, dimensions, m, efConstruction, radius, shardCount }: AnnIndex['parameters']) => ({
  space,
  dimensions,
  m,
  efConstruction,
  radius,
  shardCount,
});
