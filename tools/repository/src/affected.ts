#!/usr/bin/env node
/** npm run check:affected */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { allowClosedOutput, endOnUsage, EXIT_USAGE } from '@watchnext/command-line';
import { Command } from 'commander';
import { ROOT } from './describe/sources';
import { changedFiles } from './git-paths';

allowClosedOutput();

const program = new Command('check:affected')
  .description(
    'Lints, type-checks, builds and tests the projects that a change touches, and those that depend on them; checks the\n' +
      'format of what was changed, and the contract where it was. What is not committed yet counts too.',
  )
  .option('--base <ref>', 'what the change is compared with', 'main')
  .option('--list', 'only name the projects', false)
  .allowExcessArguments(false)
  .addHelpText(
    'after',
    `\nExit codes: 0 all is well, 1 something is not; the step that failed says what; ${EXIT_USAGE} a command line that cannot be used.`,
  )
  .exitOverride(endOnUsage)
  .parse();
const { base, list } = program.opts<{ base: string; list: boolean }>();

const bin = (name: string) => join(ROOT, 'node_modules', '.bin', name);
const say = (text: string) => void process.stdout.write(`${text}\n`);

function read(command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}

/** Ends the program where the step fails. */
function step(title: string, command: string, ...args: string[]): void {
  say(`\n${title}`);
  const { status } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) {
    process.stderr.write(`${title}: failed\n`);
    process.exit(1);
  }
}

try {
  // From where the branch left the base: what others changed there meanwhile is not this change.
  const from = read('git', 'merge-base', base, 'HEAD');
  const projects = read(bin('nx'), 'show', 'projects', '--affected', `--base=${from}`).split('\n').filter(Boolean);
  say(projects.length === 0 ? 'no project is touched' : `touched: ${projects.join(', ')}`);
  if (!list) {
    // Those that were deleted too: documents may still point at them.
    const files = changedFiles(ROOT, from);
    const present = files.filter((name) => existsSync(join(ROOT, name)));
    if (present.length > 0) {
      step('format', bin('prettier'), '--check', '--ignore-unknown', '--log-level', 'warn', ...present);
    }
    step('project references', bin('nx'), 'sync:check');
    // And the tools that documents show; a change of an app touches this project.
    const isDocument = (file: string) => /\.md$|^CODEOWNERS$|^tools\/[\w-]+\/src\//.test(file);
    if (!projects.includes('repository') && files.some(isDocument)) {
      step(
        'documents',
        bin('jest'),
        '--selectProjects',
        'repository',
        '--testPathPatterns',
        'describe/',
        'owners',
        'documented-commands',
      );
    }
    if (projects.includes('contract')) step('contract', 'npm', 'run', 'check:contract');
    if (projects.length > 0) {
      const targets = ['lint', 'typecheck', 'build', 'test'];
      step(targets.join(', '), bin('nx'), 'affected', '-t', ...targets, `--base=${from}`, '--parallel=2');
    }
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}
