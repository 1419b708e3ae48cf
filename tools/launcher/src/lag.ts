/** Waits until everything accepted has reached the states and the archive: training reads the archive, serving the states. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startTask } from '@watchnext/command-line';
import { getJson } from './http';
import { LaunchError } from './launch-error';

interface Lag {
  readonly materialised: number;
  readonly archived: number;
}

const POLL_MS = 200;
/** As long as it moves, however slowly, it is waited for. */
const STUCK_MS = 60_000;

/** @throws LaunchError when nothing moves any more */
export async function waitForLag(ingestionUrl: string, signal: AbortSignal, logFile: string): Promise<void> {
  const task = startTask('States and archive catch up', 'records');
  let most = 0;
  let best = Infinity;
  let movedAtMs = Date.now();
  try {
    for (;;) {
      signal.throwIfAborted();
      // A collector that is being restarted does not answer; that too ends the wait only when it lasts.
      const lag = await getJson<Lag>(`${ingestionUrl}/v1/lag`, signal).catch(() => undefined);
      if (lag !== undefined) {
        const left = lag.materialised + lag.archived;
        most = Math.max(most, left);
        task.update(
          most - left,
          most,
          `states ${lag.materialised.toLocaleString('en-US')} behind, archive ${lag.archived.toLocaleString('en-US')}`,
        );
        if (left === 0) return task.finish();
        if (left < best) [best, movedAtMs] = [left, Date.now()];
      }
      if (Date.now() - movedAtMs > STUCK_MS) {
        throw new LaunchError(
          `ingestion has not moved for ${STUCK_MS / 1_000} s (${best === Infinity ? 'it does not answer' : `${best} records behind`})`,
          `Its log says why: ${logFile}`,
        );
      }
      await sleep(POLL_MS, undefined, { signal });
    }
  } catch (error) {
    task.abandon();
    throw error;
  }
}
