/** What is run once the files are written: each tool that derives one file from another. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Tree } from '@nx/devkit';

function run(tree: Tree, program: string, ...args: string[]): void {
  execFileSync(join(tree.root, 'node_modules', '.bin', program), args, {
    cwd: tree.root,
    stdio: 'inherit',
    env: { ...process.env, NX_DAEMON: 'false' },
  });
}

/** TypeScript from the protobuf contracts. */
export function generateContract(tree: Tree): void {
  execFileSync(join(tree.root, 'node_modules', '.bin', 'buf'), ['generate'], {
    cwd: join(tree.root, 'libs', 'contract'),
    stdio: 'inherit',
  });
}

/** As `npm install` would, without a network: other projects find the package by its name. */
export function linkPackage(tree: Tree, name: string, projectRoot: string): void {
  const link = join(tree.root, 'node_modules', '@watchnext', name);
  if (existsSync(link)) return;
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(relative(dirname(link), join(tree.root, projectRoot)), link);
}

/** References between the tsconfigs, from the imports. */
export function syncReferences(tree: Tree): void {
  run(tree, 'nx', 'sync');
}

export function format(tree: Tree, paths: readonly string[]): void {
  run(tree, 'prettier', '--write', '--ignore-unknown', '--log-level', 'warn', ...paths);
}

/** What was created or changed, for the formatter. */
export const changedPaths = (tree: Tree): string[] =>
  tree
    .listChanges()
    .filter(({ type }) => type !== 'DELETE')
    .map(({ path }) => path);

export function say(...lines: string[]): void {
  process.stdout.write(`\n${lines.join('\n')}\n`);
}
