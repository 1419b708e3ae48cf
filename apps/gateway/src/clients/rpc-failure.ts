/** Turns a gRPC status into a failure of this program's kinds, once, where the call is made. */
import { type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { HELD_SNAPSHOTS_METADATA } from '@watchnext/service';
import { DependencyError } from '../pipeline/failure';

/** The dependency does not hold the snapshot that it was asked for; it named those that it holds. */
export class SnapshotMissingError extends DependencyError {
  constructor(
    dependency: string,
    readonly snapshotId: string,
    /** Those that may serve any request, its current one first; snapshots of experiments alone are not among them. */
    readonly heldIds: readonly string[],
  ) {
    super(dependency, 'dependency-not-ready', `does not hold snapshot ${snapshotId}`);
    this.name = 'SnapshotMissingError';
  }
}

const CATEGORIES: Partial<Record<status, DependencyError['category']>> = {
  [status.DEADLINE_EXCEEDED]: 'dependency-late',
  [status.CANCELLED]: 'dependency-late',
  // Its queue is full.
  [status.RESOURCE_EXHAUSTED]: 'dependency-overloaded',
  [status.INVALID_ARGUMENT]: 'dependency-refused',
  [status.UNIMPLEMENTED]: 'dependency-refused',
  [status.FAILED_PRECONDITION]: 'dependency-not-ready',
  [status.UNAVAILABLE]: 'dependency-unreachable',
};

const WORDS: Record<DependencyError['category'], string> = {
  'dependency-unreachable': 'unreachable',
  'dependency-late': 'late',
  'dependency-overloaded': 'has too much to do',
  'dependency-not-ready': 'not ready',
  'dependency-failed': 'failed',
  'dependency-refused': 'refused the request',
  'circuit-open': 'not asked',
};

export function translateRpcError(dependency: string, snapshotId: string, error: ServiceError): DependencyError {
  const held = heldSnapshots(error.metadata);
  if (error.code === status.FAILED_PRECONDITION && held) return new SnapshotMissingError(dependency, snapshotId, held);
  // A server that answers UNAVAILABLE and names the snapshots it holds (none) is up, and waits for its first one.
  const category =
    error.code === status.UNAVAILABLE && held
      ? 'dependency-not-ready'
      : (CATEGORIES[error.code] ?? 'dependency-failed');
  // The status' own words name addresses: they are for the log.
  return new DependencyError(dependency, category, WORDS[category], { cause: error });
}

function heldSnapshots(metadata: Metadata | undefined): string[] | undefined {
  const value = metadata?.get(HELD_SNAPSHOTS_METADATA)[0];
  return value === undefined
    ? undefined
    : String(value)
        .split(',')
        .filter((id) => id !== '');
}
