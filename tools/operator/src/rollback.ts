/** Moves the snapshot pointer back, if it is still where the command saw it, and tells the services. */
import { PointerConflictError, type SnapshotStore } from '@watchnext/snapshot-store';

export interface RollbackOptions {
  /** Where to; by default the parent of the current snapshot. */
  readonly to?: string | undefined;
  /** What the caller believes to be current; the command refuses where it is not. */
  readonly from?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly announce: (snapshotId: string) => Promise<void>;
}

export interface Rollback {
  readonly from: string;
  readonly to: string;
  readonly moved: boolean;
  /** Undefined where it was not tried. Without it services look at the pointer every few seconds. */
  readonly announced?: boolean;
}

/** Something that only a person can decide; the message says what. */
export class RollbackRefusedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RollbackRefusedError';
  }
}

/**
 * @throws RollbackRefusedError where there is nothing to go back to, where the target did not pass its gate, or where
 *   somebody moved the pointer meanwhile; what the store throws for a target that is missing or damaged
 */
export async function rollback(store: SnapshotStore, options: RollbackOptions): Promise<Rollback> {
  const from = await store.readPointer();
  if (from === undefined) throw new RollbackRefusedError('there is no current snapshot, so none to go back from');
  if (options.from !== undefined && options.from !== from) {
    throw new RollbackRefusedError(`the current snapshot is ${from}, not ${options.from}: look before you go back`);
  }
  const to = options.to ?? (await store.readManifest(from)).parentSnapshotId;
  if (to === '')
    throw new RollbackRefusedError(`${from} is the first snapshot: there is none before it; name one by --to`);
  if (to === from) throw new RollbackRefusedError(`${to} is current already`);
  // Every digest is looked at: services would refuse a damaged one, and serve on what is to be left.
  const { manifest } = await store.fetch(to);
  if (!manifest.gate?.passed) throw new RollbackRefusedError(`${to} did not pass its gate and was never served`);
  if (options.dryRun) return { from, to, moved: false };
  try {
    await store.movePointer(from, to);
  } catch (error) {
    if (!(error instanceof PointerConflictError)) throw error;
    throw new RollbackRefusedError(`${error.actual ?? 'none'} became current meanwhile: look, and run it again`);
  }
  const announced = await options.announce(to).then(
    () => true,
    () => false,
  );
  return { from, to, moved: true, announced };
}
