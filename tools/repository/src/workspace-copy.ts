/** A copy of the workspace in a temporary folder, a git repository of its own, to try there what changes it. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, existsSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from './describe/sources';
import { gitPaths } from './git-paths';

export interface WorkspaceCopy {
  readonly root: string;
  /** Runs a program there. @returns what it wrote to standard output. @throws Error with all that it wrote */
  run(program: string, ...args: string[]): string;
  remove(): void;
}

/** Of what is under version control and what is to be; the dependencies are links to this workspace's own. */
export function copyWorkspace(): WorkspaceCopy {
  // Compilers compare real paths, and the temporary folder may be a link.
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'watchnext-copy-')));
  for (const path of gitPaths(ROOT, 'ls-files', '-co', '--exclude-standard')) {
    if (!existsSync(join(ROOT, path))) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    cpSync(join(ROOT, path), join(root, path));
  }
  linkDependencies(root);
  git(root, 'init', '--quiet', '--initial-branch', 'main');
  git(root, 'config', 'user.name', 'copy');
  git(root, 'config', 'user.email', 'copy@localhost');
  git(root, 'add', '--all');
  git(root, 'commit', '--quiet', '--message', 'a copy');
  return {
    root,
    run: (program, ...args) => run(root, program, args),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

const git = (folder: string, ...args: string[]) => run(folder, 'git', args);

function run(folder: string, program: string, args: readonly string[]): string {
  try {
    return execFileSync(program, args, {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 * 2 ** 20,
      env: { ...process.env, NX_DAEMON: 'false', NX_WORKSPACE_ROOT_PATH: '', NX_TUI: 'false', FORCE_COLOR: '0' },
    });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout ?? ''}${stderr ?? ''}`, { cause: error });
  }
}

const SCOPE = '@watchnext';

/** The workspace's own packages are linked to the copy's; everything else to this workspace's. */
function linkDependencies(root: string): void {
  linkFolder(join(ROOT, 'node_modules'), join(root, 'node_modules'), new Set([SCOPE, '.cache']));
  mkdirSync(join(root, 'node_modules', SCOPE), { recursive: true });
  for (const name of readdirSync(join(ROOT, 'node_modules', SCOPE))) {
    const target = realpathSync(join(ROOT, 'node_modules', SCOPE, name)).slice(realpathSync(ROOT).length + 1);
    symlinkSync(join('..', '..', target), join(root, 'node_modules', SCOPE, name));
    // Versions of a dependency that only this project has.
    const own = join(ROOT, target, 'node_modules');
    if (existsSync(own)) linkFolder(own, join(root, target, 'node_modules'), new Set());
  }
}

function linkFolder(from: string, to: string, without: ReadonlySet<string>): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) if (!without.has(name)) symlinkSync(join(from, name), join(to, name));
}
