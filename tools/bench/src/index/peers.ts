/** hnswlib in C++ and others, measured by programs in Python on the same vectors. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RECALL_K, type Space } from '@watchnext/ann-index';
import type { Point } from './search-here';

/** An index that was built and searched, ours or a peer's. */
export interface Measured {
  readonly name: string;
  readonly buildSeconds: number;
  readonly points: readonly Point[];
  readonly graphBytes?: number;
}

/** What the peers' scripts call hnswlib in each space. */
export const PEER_NAMES: Record<Space, string> = {
  'inner-product': 'hnswlib ip',
  'augmented-l2': 'hnswlib l2-augmented',
};

export interface PeerOptions {
  /** Holds vectors.npy and queries.npy. */
  readonly folder: string;
  readonly space: Space;
  readonly m: number;
  readonly efConstruction: number;
  readonly ef: readonly number[];
  /** By time on processors in place of the clock's. */
  readonly onProcessors: boolean;
  readonly python: string;
  /** Beginning of the names of the files that keep hnswlib's graph. */
  readonly keep?: string | undefined;
}

interface PeerRun {
  readonly build_s: number;
  readonly search: readonly Point[];
}

/** Runs the script that is named first, whose clock then counts its own time on processors, of all threads. */
const BY_PROCESSOR_TIME =
  'import runpy, sys, time; time.perf_counter = time.process_time; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name="__main__")';

/** One of them alone. */
const HNSWLIB_PEER = join(__dirname, '..', '..', 'python', 'hnswlib_peer.py');

/** @param peer a script that runs all peers, or "hnswlib": it alone, in the space told */
export async function runPeers(peer: string, options: PeerOptions): Promise<Measured[]> {
  const { folder, space } = options;
  const script =
    peer === 'hnswlib' ? [HNSWLIB_PEER, '--space', space, ...(options.keep ? ['--keep', options.keep] : [])] : [peer];
  const args = [
    ...(options.onProcessors ? ['-c', BY_PROCESSOR_TIME] : []),
    ...script,
    join(folder, 'vectors.npy'),
    join(folder, 'queries.npy'),
    ...['--k', String(RECALL_K), '--m', String(options.m), '--ef-construction', String(options.efConstruction)],
    ...['--ef', options.ef.join(','), '--build-threads', '2'],
  ];
  const { stdout } = await promisify(execFile)(options.python, args, { maxBuffer: 1 << 24 });
  const all = JSON.parse(stdout) as Record<string, unknown>;
  return Object.entries(all)
    .filter((entry): entry is [string, PeerRun] => typeof entry[1] === 'object' && entry[1] !== null)
    .map(([name, { build_s: buildSeconds, search }]) => ({ name, buildSeconds, points: search }));
}
