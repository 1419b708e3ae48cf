import { execFileSync } from 'node:child_process';

/**
 * What a git command lists, as `diff --name-only` or `ls-files`. Ended by NUL, so that names are as they are: git quotes all but ASCII in lines.
 *
 * @throws Error with what git said
 */
export function gitPaths(folder: string, command: string, ...args: string[]): string[] {
  const listed = execFileSync('git', [command, '-z', ...args], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 2 ** 20,
  });
  return listed.split('\0').filter((path) => path !== '');
}

/** Those of a working tree that differ from a commit, with what is not committed yet and what was deleted; of a renamed file both names. */
export function changedFiles(folder: string, from: string): string[] {
  return [
    ...gitPaths(folder, 'diff', '--name-only', '--no-renames', from),
    ...gitPaths(folder, 'ls-files', '--others', '--exclude-standard'),
  ];
}
