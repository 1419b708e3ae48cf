/** How soon what is told over the event log is heard by all that follow it. */
import { until } from '../local-system';
import type { FaultScene } from './fault-scene';
import type { SteadyLoad } from './steady-load';

/**
 * Tells of a video and of a snapshot over the log that has just been healed.
 * @returns seconds from the healing until gateway and retrieval know the one, and lists come from the other, which ranking holds then too
 */
export async function hearing(
  scene: FaultScene,
  load: SteadyLoad,
  { healedAtMs, recoveryLimitSeconds }: { readonly healedAtMs: number; readonly recoveryLimitSeconds: number },
): Promise<number | undefined> {
  const isHeard = await scene.tellVideo();
  const snapshotId = await scene.publish();
  const isServed = () => load.answers.slice(-20).some((answer) => answer.snapshotId === snapshotId);
  return until(
    'followers of the log to hear of what is new',
    async () => isServed() && (await isHeard()),
    recoveryLimitSeconds * 1_000,
  ).then(
    () => (Date.now() - healedAtMs) / 1_000,
    () => undefined,
  );
}
