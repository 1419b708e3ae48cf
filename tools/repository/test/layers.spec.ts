/** What ESLint refuses in which layer, by its settings as they are. */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '..', '..', '..');

/** @returns the rules that the code breaks, in a file of that path */
function brokenRules(file: string, code: string): (string | null)[] {
  const eslint = join(ROOT, 'node_modules', 'eslint', 'bin', 'eslint.js');
  const { stdout } = spawnSync(
    process.execPath,
    // Without the rule that asks Nx for its graph: that says on standard output where there is none yet.
    [eslint, '--stdin', '--stdin-filename', file, '--format', 'json', '--rule', '@nx/enforce-module-boundaries: off'],
    { cwd: ROOT, input: code, encoding: 'utf8' },
  );
  const reports = JSON.parse(stdout) as { messages: { ruleId: string | null }[] }[];
  return reports.flatMap(({ messages }) => messages.map(({ ruleId }) => ruleId));
}

const OUTSIDE = `
import { readFileSync } from 'node:fs';
import { readFile } from 'fs/promises';
import type { Server } from 'node:http';
export { connect } from 'node:net';
export const used: [typeof readFileSync, typeof readFile, Server?] = [readFileSync, readFile];
export const later = () => import('node:child_process');
export const now = () => require('fs');
`;

describe('a module of the domain layer', () => {
  const FILE = 'libs/domain/features/src/example.ts';

  it('reaches nothing outside its process', () => {
    const imports = Array(4).fill('no-restricted-imports');
    const refused = brokenRules(FILE, OUTSIDE).filter((rule) => rule?.startsWith('no-restricted'));
    expect(refused).toEqual([...imports, 'no-restricted-syntax', 'no-restricted-syntax']);
  });

  it('may compute by what Node has', () => {
    const code = `import { createHash } from 'node:crypto';\nexport const hash = createHash('sha256');\n`;
    expect(brokenRules(FILE, code)).toEqual([]);
  });
});

it('a module of the platform layer may read files', () => {
  const broken = brokenRules('libs/platform/config/src/example.ts', OUTSIDE);
  expect(broken.filter((rule) => rule?.startsWith('no-restricted'))).toEqual([]);
});
