import { REST_LIMIT_MS, threadsAtRest } from './thread';

/**
 * Ends the process without another turn of its event loop: for one whose state is unknown, which could write what is wrong. Its
 * threads finish the calls they are amid, and begin no more, since a thread that is interrupted in an add-on aborts the process or
 * keeps it for ever (docs/decisions/0145-ends-of-processes.md). Where that takes more than a second, the process kills itself:
 * what recovers from a killed process does so from this.
 *
 * The exit code is `code`, or 137 (SIGKILL) with a line on stderr; of the first process of a container, as of each pod of ours, 134 or 139
 * in place of 137.
 */
export function endAtOnce(code: number): never {
  if (!threadsAtRest()) {
    process.stderr.write(`a thread is amid a call after ${REST_LIMIT_MS} ms: the process kills itself\n`);
    process.kill(process.pid, 'SIGKILL');
    // Still here: the first process of a container, which nothing inside it can kill. It may abort, which waits for no thread either.
    process.abort();
  }
  process.exit(code);
}
