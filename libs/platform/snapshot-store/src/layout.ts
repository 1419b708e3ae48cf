/** What lies where in a snapshot folder, and how snapshots are called. */
import { randomBytes } from 'node:crypto';

/** Format that this program writes and reads; it changes when an older reader would go wrong. */
export const SNAPSHOT_FORMAT_VERSION = 3;

/** Names of a snapshot's files, relative to its folder. */
export const SNAPSHOT_FILES = {
  /** Vocabularies and hyperparameters of the candidate model. */
  candidateMetadata: 'candidate.json',
  /** Embedding tables and dense weights of the candidate model. */
  candidateTensors: 'candidate.safetensors',
  /** Channels and topics of the cold start. */
  coldStartMetadata: 'cold-start.json',
  /** Mean vectors of channels and topics, for videos that come in later. */
  coldStartTensors: 'cold-start.safetensors',
  /** Input row → user vector. */
  userTower: 'user-tower.onnx',
  /** HNSW index over the video vectors; its parameters are in the manifest. */
  index: 'index.hnsw',
  /** Vocabularies, quantiles and hyperparameters of the ranking model. */
  rankingMetadata: 'ranking.json',
  /** Embedding tables and dense weights of the ranking model. */
  rankingTensors: 'ranking.safetensors',
  /** Input row → logit. */
  ranker: 'ranker.onnx',
  /** `StatisticsTables`, as `statisticsText` writes them */
  statistics: 'statistics.json',
  /** {popular: {videoId, score, video}[] descending, fresh: the same, popularByCountry?: by country {videoId, score}[]} */
  popular: 'popular.json',
} as const;

export const MANIFEST_FILE = 'manifest.json';
/** Digest of the manifest itself in the format of `sha256sum`, so that not one bit of a snapshot goes unverified. */
export const MANIFEST_DIGEST_FILE = 'manifest.sha256';

/** Name of the pointer beside the snapshots; no snapshot can have it. */
export const POINTER_NAME = 'current';

/** The graph of one shard; the first has the name that an index of one shard has. */
export const indexFile = (shard: number) => (shard === 0 ? SNAPSHOT_FILES.index : `index-${shard}.hnsw`);

/** Whether this is the graph of a shard. */
export const isIndexFile = (file: string) => /^index(-\d+)?\.hnsw$/.test(file);

/** A new id such as "20261123T231032Z-9f03ab": ids sort as text by the second they were made in. */
export function newSnapshotId(nowMs: number): string {
  const second = new Date(nowMs).toISOString().slice(0, 19).replaceAll('-', '').replaceAll(':', '');
  return `${second}Z-${randomBytes(3).toString('hex')}`;
}

/** Whether this may name a snapshot: one plain path segment. */
export function isSnapshotId(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(text) && text !== POINTER_NAME;
}

/** Whether this may name a file of a snapshot: relative, with forward slashes, never out of the folder. */
export function isSnapshotFilePath(path: string): boolean {
  if (path === MANIFEST_FILE || path === MANIFEST_DIGEST_FILE || path.includes('\\') || path.includes('\0'))
    return false;
  return path.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}
