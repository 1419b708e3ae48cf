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

/**
 * The current snapshot's models, if they have seen nothing of what the new ones will be measured on. What was
 * trained through the held-out days would carry their watches into the measurement.
 *
 * @param heldOutFromMs where the held-out days begin
 */
export async function earlierModel(store: SnapshotStore, heldOutFromMs: number): Promise<EarlierModel> {
  const snapshotId = await store.readPointer();
  if (snapshotId === undefined) return { origin: 'there is no snapshot yet' };
  try {
    const { window } = await store.readManifest(snapshotId);
    // The newest example that it has learned from is of `toMs` itself.
    if (!window || window.toMs >= heldOutFromMs) return { origin: `${snapshotId} has trained on the held-out days` };
    const { candidate, ranking } = await loadModels(await store.fetch(snapshotId));
    const untilMs = window.toMs + 1;
    return { candidate: { model: candidate, untilMs }, ranking: { model: ranking, untilMs }, origin: snapshotId };
  } catch (error) {
    if (error instanceof SnapshotStoreError && error.retriable) throw error;
    return { origin: `${snapshotId} cannot be loaded: ${(error as Error).message}` };
  }
}
