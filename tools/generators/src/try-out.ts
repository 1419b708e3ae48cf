/** Runs every generator in a copy of the workspace, and holds what they made to the checks of this one. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { copyWorkspace, ROOT, type WorkspaceCopy } from '@watchnext/repository';

/** The generators of this workspace, as they are built. */
const BUILT = 'tools/generators/dist';
/** Nothing is built in the copy yet. */
const FROM_SOURCES = ['--conditions=@watchnext/source', '--require', './libs/testing/register-typescript.js'];

/** What is generated, in order: the feature counts the event that was made before it. */
const TRIALS = [
  ['library', 'text-search', '--layer=domain'],
  ['service', 'notifications', '--team=serving'],
  ['event', 'share'],
  ['feature', 'shareCount', '--event=share'],
] as const;

/** Projects that the trials make or change, with what depends on a change of the state's shape most closely. */
const TOUCHED = [
  'libs/domain/text-search',
  'apps/notifications',
  'libs/domain/features',
  'libs/domain/candidate-model',
  'libs/domain/ranking-model',
  'libs/platform/event-archive',
];

const SPECS = [
  'libs/domain/text-search',
  'apps/notifications',
  'libs/domain/features',
  'libs/domain/candidate-model',
  'libs/domain/ranking-model',
  'libs/platform/event-archive/src',
  'libs/platform/snapshot-store/src',
  'apps/ingestion/src/collect',
];

export function generateAll(say: (text: string) => void): WorkspaceCopy {
  const copy = copyWorkspace();
  try {
    const bin = (name: string) => join(copy.root, 'node_modules', '.bin', name);
    cpSync(join(ROOT, BUILT), join(copy.root, BUILT), { recursive: true });
    for (const [generator, ...args] of TRIALS) {
      say(`nx g @watchnext/generators:${generator} ${args.join(' ')}`);
      copy.run(bin('nx'), 'g', `@watchnext/generators:${generator}`, ...args, '--no-interactive');
    }
    say('npm run describe');
    copy.run('node', ...FROM_SOURCES, 'tools/repository/src/describe/main.ts');
    return copy;
  } catch (error) {
    copy.remove();
    throw error;
  }
}

/** @param whole build and lint every project, not only those that were touched. @throws Error with what the failed step said */
export function checkGenerated(copy: WorkspaceCopy, whole: boolean, say: (text: string) => void): void {
  const bin = (name: string) => join(copy.root, 'node_modules', '.bin', name);
  const changed = copy
    .run('git', 'status', '--porcelain', '--untracked-files=all')
    .split('\n')
    .map((line) => line.slice(3))
    .filter((path) => path !== '');
  const steps: [string, string, ...string[]][] = [
    ['format', bin('prettier'), '--check', '--ignore-unknown', '--log-level', 'warn', ...changed],
    ['lint', bin('eslint'), ...(whole ? ['apps', 'libs', 'tools'] : changed.filter((path) => path.endsWith('.ts')))],
    ['types', bin('tsc'), '-b', ...(whole ? [] : TOUCHED)],
    ['contract', 'npm', 'run', 'check:contract'],
    ['project references', bin('nx'), 'sync:check'],
    ['specs', bin('jest'), '--silent', ...SPECS],
    ['documents, owners', bin('jest'), '--silent', 'tools/repository/src', 'tools/repository/test/owners'],
  ];
  for (const [title, program, ...args] of steps) {
    say(title);
    copy.run(program, ...args);
  }
}
