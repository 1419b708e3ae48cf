/** Ends and starts single servers of a running stack, as crashes and restarts do. Their data stays. */
import { killProcess, startListening, stopProcess, type StartedProcess } from './processes';
import { assertVerified, readStack, StackStoppedError, writeStack } from './stack-file';

/**
 * Ends the server: with SIGKILL as a crash would, with SIGTERM as an operator does. Resolves when it is gone.
 *
 * @param name as in `stack.processes`, as "kafka-1" or "redis-primary"
 */
export async function endServer(directory: string, name: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  const server = findServer(directory, name);
  await (signal === 'SIGTERM' ? stopProcess(server) : killProcess(server));
}

/** Starts a server that was ended, on its old port and data; resolves when it listens. */
export async function startServerAgain(directory: string, name: string): Promise<StartedProcess> {
  return startListening({ ...findServer(directory, name), onSpawn: (server) => replaceServer(directory, server) });
}

/** So that `stopStack` finds it. @throws Error where the stack was stopped meanwhile */
function replaceServer(directory: string, server: StartedProcess): void {
  const stack = readStack(directory);
  if (!stack) throw new StackStoppedError(directory);
  const processes = stack.processes.map((process) => (process.name === server.name ? server : process));
  writeStack(directory, { ...stack, processes });
}

function findServer(directory: string, name: string): StartedProcess {
  const stack = readStack(directory);
  if (stack) assertVerified(directory, stack);
  const found = stack?.processes.find((process) => process.name === name);
  if (!found) throw new Error(`no server ${name} in the stack of ${directory}`);
  return found;
}
