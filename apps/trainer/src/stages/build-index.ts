import { buildIndex, type BuiltIndex } from '@watchnext/ann-index';
import { type CandidateModel, interestsOf } from '@watchnext/candidate-model';
import type { CandidateExample } from '@watchnext/features';
import { BuildThreads } from '@watchnext/vector-search';
import { unlessAborted } from '@watchnext/waiting';
import { defineStage } from '../pipeline/stage';

/** Users whose vectors measure the index: recall@100 is then known to about 0.2%. */
const SAMPLE_QUERIES = 200;

export interface IndexSettings {
  /** Threads that build, each its own graphs. */
  readonly threads: BuildThreads;
  /** Graphs that the vectors are spread over: as many as threads build fastest, one is searched fastest. */
  readonly shardCount: number;
}

/**
 * Builds the index in the space that finds more, measured with the user vectors of `examples`, evenly drawn. Of users with
 * several vectors each is a query by itself, as it is to the graph.
 *
 * @param signal aborted, the build is left where it is: it ends when the threads are closed
 * @returns undefined for vectors that are not finite: the gate says so, and an index over them would be a random one
 * @throws the signal's reason
 */
export async function indexOf(
  model: CandidateModel,
  examples: readonly CandidateExample[],
  { threads, shardCount }: IndexSettings,
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<BuiltIndex | undefined> {
  const { videoIds, videoVectors } = model;
  const count = Math.min(SAMPLE_QUERIES, examples.length);
  const users = Array.from({ length: count }, (_, index) =>
    model.userVector(examples[Math.floor((index * examples.length) / count)].features, 0),
  );
  const dimensions = videoVectors.length / videoIds.length;
  const perUser = interestsOf(model.config);
  const sampleQueries = new Float32Array(count * perUser * dimensions);
  users.forEach((user, index) => sampleQueries.set(user, index * perUser * dimensions));
  if (!videoVectors.every(Number.isFinite) || !sampleQueries.every(Number.isFinite)) return undefined;
  const options = {
    vectors: videoVectors,
    count: videoIds.length,
    dimensions,
    sampleQueries,
    sampleCount: count * perUser,
    shardCount,
    onProgress,
    // Where both spaces find as much, searched as broadly, the faster one would win by a hair of this machine's clock: with a
    // clock that stands still the first one does, so that the same archive and seed give the same index and metrics.
    clock: () => 0,
  };
  return unlessAborted(buildIndex(options, threads), signal);
}

export const buildIndexStage = (settings: IndexSettings) =>
  defineStage({
    name: 'build index',
    needs: ['candidateModel', 'split'],
    gives: ['index'],
    async run({ candidateModel, split }, { note, progress, signal }) {
      const report = (done: number, total: number) => progress.report(done, total);
      const index = await indexOf(candidateModel, split.candidateHeldOut, settings, report, signal);
      note(index ? { ...index.parameters } : { built: false, reason: 'vectors are not finite' });
      return { index };
    },
  });
