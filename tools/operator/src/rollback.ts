/** Lists snapshots, moves the pointer back, if it is still where the command saw it, and tells the services. */
import type { SnapshotManifest } from '@watchnext/contract';
import { gateReasons, metricText, recallKOf } from '@watchnext/evaluation';
import { isOfSnapshot, PointerConflictError, type SnapshotStore, SnapshotStoreError } from '@watchnext/snapshot-store';

export interface RollbackOptions {
  /** Where to; by default the parent of the current snapshot. */
  readonly to?: string | undefined;
  /** What the caller believes to be current; the command refuses where it is not. */
  readonly from?: string | undefined;
  readonly dryRun?: boolean | undefined;
  /** Before each file of the target that is looked at, and after the last. */
  readonly onFile?: (done: number, total: number, name: string) => void;
  /** Between the move and the announcement, which may wait long for a log that is down. */
  readonly onMoved?: (from: string, to: string) => void;
  readonly announce: (snapshotId: string) => Promise<void>;
}

export interface Rollback {
  readonly from: string;
  readonly to: string;
  readonly moved: boolean;
  /** Undefined where it was not tried. Without it services look at the pointer every few seconds. */
  readonly announced?: boolean;
  /** Why services could not be told. */
  readonly notAnnounced?: string;
}

/** Something that only a person can decide; the message says what. */
export class RollbackRefusedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RollbackRefusedError';
  }
}

/**
 * @param store without a cache of files that were fetched earlier: they say nothing of what the services will fetch
 * @throws RollbackRefusedError where there is nothing to go back to, or nothing says what, where the target did not pass
 *   its gate, or where somebody moved the pointer meanwhile; what the store throws for a target that is missing or damaged
 */
export async function rollback(store: SnapshotStore, options: RollbackOptions): Promise<Rollback> {
  const from = await store.readPointer();
  if (from === undefined) throw new RollbackRefusedError('there is no current snapshot, so none to go back from');
  if (options.from !== undefined && options.from !== from) {
    throw new RollbackRefusedError(`the current snapshot is ${from}, not ${options.from}: look before you go back`);
  }
  const to = options.to ?? (await parentOf(store, from));
  if (to === '')
    throw new RollbackRefusedError(`${from} is the first snapshot: there is none before it; name one by --to`);
  if (to === from) throw new RollbackRefusedError(`${to} is current already`);
  const { gate, files } = await store.readManifest(to);
  if (!gate?.passed) throw new RollbackRefusedError(`${to} did not pass its gate and was never served`);
  // Every digest is looked at: services would refuse a damaged one, and serve on what is to be left.
  const names = Object.keys(files);
  for (const [done, name] of names.entries()) {
    options.onFile?.(done, names.length, name);
    await store.fetch(to, { only: (file) => file === name });
  }
  options.onFile?.(names.length, names.length, '');
  if (options.dryRun) return { from, to, moved: false };
  try {
    await store.movePointer(from, to);
  } catch (error) {
    if (!(error instanceof PointerConflictError)) throw error;
    throw new RollbackRefusedError(`${error.actual ?? 'none'} became current meanwhile: look, and run it again`);
  }
  options.onMoved?.(from, to);
  try {
    await options.announce(to);
    return { from, to, moved: true, announced: true };
  } catch (error) {
    return { from, to, moved: true, announced: false, notAnnounced: (error as Error).message };
  }
}

/**
 * A line for each snapshot, newest first, the current one marked, with what the model reached on its held-out days; below a
 * rejected one the checks that failed. One that cannot be read has the reason on its line: that
 * is when a list is wanted.
 *
 * @param place where the store is, for the message
 * @throws RollbackRefusedError where there are none: a place that is not there looks empty
 */
export async function listSnapshots(store: SnapshotStore, place: string): Promise<string[]> {
  const snapshotIds = await store.list();
  if (snapshotIds.length === 0)
    throw new RollbackRefusedError(
      `there are no snapshots in ${place}; WATCHNEXT_DATA_DIR, or WATCHNEXT_OBJECT_STORE with WATCHNEXT_S3_…, must name ` +
        'a system that has run',
    );
  const lines: string[] = [];
  const current = await store.readPointer().catch((error: unknown) => {
    if (!(error instanceof SnapshotStoreError) || error.retriable) throw error;
    lines.push(`none is marked: ${error.message}`);
    return undefined;
  });
  for (const snapshotId of snapshotIds)
    lines.push(`${snapshotId === current ? '*' : ' '} ${snapshotId}  ${await verdictOn(store, snapshotId)}`);
  return lines;
}

async function verdictOn(store: SnapshotStore, snapshotId: string): Promise<string> {
  try {
    const manifest = await store.readManifest(snapshotId);
    const { gate, parentSnapshotId } = manifest;
    return [
      [gate?.passed ? 'passed' : 'rejected', `after ${parentSnapshotId || 'none'}`, ...headlinesOf(manifest)].join(
        '  ',
      ),
      ...(gate?.passed ? [] : gateReasons(gate ?? NO_VERDICT).map((reason) => `    FAILED ${reason}`)),
    ].join('\n');
  } catch (error) {
    if (!isOfSnapshot(error)) throw error;
    return `unreadable  ${error.message}`;
  }
}

const NO_VERDICT = { passed: false, checks: [] };
const RECALL = /^candidates\.recall@\d+$/;
const LOSS = 'ranking.weighted_per_user_loss';

/** The two that the gate went by, one of each model, where a manifest has recalls of three lengths and more; `--compare` has all. */
function headlinesOf({ metrics, gate }: SnapshotManifest): string[] {
  const ofModel = metrics.filter(({ scorer }) => scorer === 'model');
  const recalls = ofModel.filter(({ name }) => RECALL.test(name));
  const k = gate && recallKOf(gate);
  // Of a verdict that does not tell, the longest: they ascend.
  const recall = recalls.find(({ name }) => name === `candidates.recall@${k}`) ?? recalls.at(-1);
  const loss = ofModel.find(({ name }) => name === LOSS);
  return [recall, loss].filter((one) => one !== undefined).map(({ name, value }) => `${name} ${metricText(value)}`);
}

async function parentOf(store: SnapshotStore, snapshotId: string): Promise<string> {
  try {
    return (await store.readManifest(snapshotId)).parentSnapshotId;
  } catch (error) {
    if (!isOfSnapshot(error)) throw error;
    throw new RollbackRefusedError(`${error.message}; so which one was before it is not known: name one by --to`);
  }
}
