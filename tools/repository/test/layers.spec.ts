/** What ESLint refuses in which layer, by its settings as they are. */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '..', '..', '..');

/** @returns the lines of the code, as of a file of that path, that break a rule */
function refusedLines(file: string, code: readonly string[]): string[] {
  const eslint = join(ROOT, 'node_modules', 'eslint', 'bin', 'eslint.js');
  const { stdout } = spawnSync(
    process.execPath,
    // Without the rule that asks Nx for its graph: that says on standard output where there is none yet.
    [eslint, '--stdin', '--stdin-filename', file, '--format', 'json', '--rule', '@nx/enforce-module-boundaries: off'],
    { cwd: ROOT, input: code.join('\n'), encoding: 'utf8' },
  );
  const reports = JSON.parse(stdout) as { messages: { ruleId: string | null; line: number }[] }[];
  const broken = reports.flatMap(({ messages }) =>
    messages.filter(({ ruleId }) => ruleId?.startsWith('no-restricted')),
  );
  return [...new Set(broken.map(({ line }) => code[line - 1] as string))];
}

const OUTSIDE = [
  "import { readFileSync } from 'node:fs';",
  "import { readFile } from 'fs/promises';",
  "import type { Server } from 'node:http';",
  "import { DatabaseSync } from 'node:sqlite';",
  "import inspector from 'node:inspector/promises';",
  "import { createRequire } from 'module';",
  "import { env } from 'node:process';",
  "import net = require('node:net');",
  "export { connect } from 'node:net';",
  "export const later = () => import('node:child_process');",
  'export const template = () => import(`node:fs`);',
  'export const named = (name: string) => import(name);',
  "export const now = () => require('fs');",
  "export const page = () => fetch('http://127.0.0.1');",
  "export const socket = () => new WebSocket('ws://127.0.0.1');",
  "export const asked = () => process.getBuiltinModule('fs');",
  "export const around = () => globalThis.fetch('http://127.0.0.1');",
];

const COMPUTING = [
  "import { createHash } from 'node:crypto';",
  "import { setImmediate as turn } from 'node:timers/promises';",
  "import { availableParallelism } from 'os';",
  "import { z } from 'zod';",
  "export const later = () => import('./later');",
];

describe('a module of the domain layer', () => {
  const FILE = 'libs/domain/features/src/example.ts';

  it('reaches nothing outside its process', () => {
    expect(refusedLines(FILE, OUTSIDE)).toEqual(OUTSIDE);
  });

  it('may compute by what Node has', () => {
    expect(refusedLines(FILE, COMPUTING)).toEqual([]);
  });
});

it('a module of the platform layer may read files', () => {
  expect(refusedLines('libs/platform/config/src/example.ts', OUTSIDE)).toEqual([]);
});
