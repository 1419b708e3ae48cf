/** Waits until everything accepted has reached the states and the archive: training reads the archive, serving the states. */
import { startTask } from '@watchnext/command-line';
import { CollectorClient, type IngestionLag, StuckError } from '@watchnext/clients';
import { LaunchError } from './launch-error';

/** @throws LaunchError when nothing moves any more */
export async function waitForLag(ingestionUrl: string, signal: AbortSignal, logFile: string): Promise<void> {
  const task = startTask('States and archive catch up', 'records');
  let most = 0;
  const onLag = ({ materialised, archived }: IngestionLag) => {
    const left = materialised + archived;
    most = Math.max(most, left);
    const behind = [materialised, archived].map((records) => records.toLocaleString('en-US'));
    task.update(most - left, most, `states ${behind[0]} behind, archive ${behind[1]}`);
  };
  try {
    await new CollectorClient(ingestionUrl).drained({ signal, onLag });
    task.finish();
  } catch (error) {
    task.abandon();
    throw error instanceof StuckError ? new LaunchError(error.message, `Its log says why: ${logFile}`) : error;
  }
}
