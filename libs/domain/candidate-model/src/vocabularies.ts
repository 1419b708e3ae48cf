import type { CandidateExample } from '@watchnext/features';
import { Vocabulary } from '@watchnext/learning';
import type { CandidateModelConfig } from './config';

export interface CandidateVocabularies {
  readonly videos: Vocabulary;
  readonly searchTokens: Vocabulary;
  readonly countries: Vocabulary;
  readonly devices: Vocabulary;
}

export interface VideoCounts {
  readonly vocabularies: CandidateVocabularies;
  /** Watches of each video, [videos.ids.length], in the order of the vocabulary. */
  readonly watchCounts: Float64Array;
}

/**
 * Vocabularies of the most frequent ids. A watch is a label, or stood in a history before its user's first example:
 * between two examples of a user the histories grow by labels only, so each watch counts once, up to the length at which
 * histories are cut.
 */
export function countVocabularies(examples: readonly CandidateExample[], config: CandidateModelConfig): VideoCounts {
  const videos = new Map<string, number>();
  const searchTokens = new Map<string, number>();
  const countries = new Map<string, number>();
  const devices = new Map<string, number>();
  for (const { labelVideoId, features } of examples) {
    count(videos, labelVideoId);
    for (const token of features.searchTokens) count(searchTokens, token);
    count(countries, features.country);
    count(devices, features.device);
  }
  for (const { features } of firstExamples(examples)) {
    for (const videoId of features.watchedVideoIds) count(videos, videoId);
  }
  const vocabularies = {
    videos: Vocabulary.build(videos, config.maxVideos),
    searchTokens: Vocabulary.build(searchTokens, config.maxSearchTokens),
    countries: Vocabulary.build(countries, config.maxCountries),
    devices: Vocabulary.build(devices, config.maxDevices),
  };
  const watchCounts = Float64Array.from(vocabularies.videos.ids, (id) => videos.get(id) ?? 0);
  return { vocabularies, watchCounts };
}

function firstExamples(examples: readonly CandidateExample[]): Iterable<CandidateExample> {
  const first = new Map<string, CandidateExample>();
  for (const example of examples) {
    const known = first.get(example.userId);
    if (!known || example.labelAtMs < known.labelAtMs) first.set(example.userId, example);
  }
  return first.values();
}

function count(counts: Map<string, number>, id: string): void {
  counts.set(id, (counts.get(id) ?? 0) + 1);
}
