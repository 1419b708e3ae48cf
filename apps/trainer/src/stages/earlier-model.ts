import type { CandidateModel } from '@watchnext/candidate-model';
import { loadModels } from '@watchnext/offline';
import type { EarlierRankingModel } from '@watchnext/ranking-model';
import { type SnapshotStore, SnapshotStoreError } from '@watchnext/snapshot-store';

/** What trainings may begin with, which has learned nothing from `untilMs` on, and, where there is nothing, why. */
export interface EarlierModel {
  readonly candidate?: { readonly model: CandidateModel; readonly untilMs: number };
  readonly ranking?: EarlierRankingModel;
  readonly origin: string;
}

/** Manifests that are read on the way back: days of snapshots, at the default schedule of four a day. */
const MOST_STEPS_BACK = 100;

/**
 * The models of the newest snapshot, of the current one and those that it came after, that has seen nothing of what the new ones will be
 * measured on. What was trained through the held-out days would carry their watches into the measurement, and of a snapshot every few hours
 * the newest ones have been.
 *
 * @param heldOutFromMs where the held-out days begin
 */
export async function earlierModel(store: SnapshotStore, heldOutFromMs: number): Promise<EarlierModel> {
  const currentId = await store.readPointer();
  if (currentId === undefined) return { origin: 'there is no snapshot yet' };
  let snapshotId = currentId;
  try {
    for (let back = 0; ; back += 1) {
      const { window, parentSnapshotId } = await store.readManifest(snapshotId);
      if (window && window.toMs < heldOutFromMs) return await modelsOf(store, snapshotId, window.toMs);
      if (!parentSnapshotId || back === MOST_STEPS_BACK) return { origin: allHaveSeen(currentId, back) };
      snapshotId = parentSnapshotId;
    }
  } catch (error) {
    if (error instanceof SnapshotStoreError && error.retriable) throw error;
    return { origin: `${snapshotId} cannot be loaded: ${(error as Error).message}` };
  }
}

async function modelsOf(store: SnapshotStore, snapshotId: string, toMs: number): Promise<EarlierModel> {
  const { candidate, ranking } = await loadModels(await store.fetch(snapshotId));
  // The newest example that it has learned from is of `toMs` itself.
  const untilMs = toMs + 1;
  return { candidate: { model: candidate, untilMs }, ranking: { model: ranking, untilMs }, origin: snapshotId };
}

/** @param before how many snapshots before the current one were looked at */
function allHaveSeen(currentId: string, before: number): string {
  const those = before === 0 ? `${currentId} has` : `${currentId} and the ${before} before it have`;
  return `${those} trained on the held-out days`;
}
