import { spawnSync } from 'node:child_process';

/**
 * Runs a program as built, to its end.
 *
 * @param env added to this process's environment
 * @returns its exit code (null when a signal ended it), and all that it wrote: standard output, then standard error
 */
export function runBuilt(
  file: string,
  args: readonly string[],
  env: Record<string, string> = {},
): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, text: stdout + stderr };
}
