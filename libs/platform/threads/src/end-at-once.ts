import { REST_LIMIT_MS, threadsAtRest } from './thread';

/**
 * Ends the process without another turn of its event loop: for one whose state is unknown, which could write what is wrong. Its
 * threads finish the calls they are amid, and begin no more, since a thread that is interrupted in an add-on aborts the process or
 * keeps it for ever (docs/decisions/0145-ends-of-processes.md). Where that takes more than a second, the process kills itself:
 * what recovers from a killed process does so from this.
 *
 * The exit code is `code`, or 137 (SIGKILL) with a line on stderr.
 */
export function endAtOnce(code: number): never {
  if (!threadsAtRest()) {
    process.stderr.write(`a thread is amid a call after ${REST_LIMIT_MS} ms: the process kills itself\n`);
    process.kill(process.pid, 'SIGKILL');
  }
  process.exit(code);
}
