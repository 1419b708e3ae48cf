import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DATA_CODE, dataCodeKey, UNIT_CODE, unitCodeKey } from './code-key';
import type { Unit } from './units';

/** They only keep what was made, and find it again. */
const KEEPERS = ['code-key', 'data-cache', 'made-once'];
/** `run-unit` knows both models and trains one. */
const OTHER_MODEL: Readonly<Record<Unit['kind'], string>> = {
  candidate: '@watchnext/ranking-model',
  'age-curve': '@watchnext/ranking-model',
  ranking: '@watchnext/candidate-model',
};

/** What a module of this project runs, itself included; imports of types are left out. */
function runBy(module: string, found = { packages: new Set<string>(), modules: new Set<string>() }) {
  if (KEEPERS.includes(module) || found.modules.has(module)) return found;
  found.modules.add(module);
  const text = readFileSync(join(__dirname, `${module}.ts`), 'utf8');
  for (const [, from] of text.matchAll(/^import (?!type )[^;]*? from '([^']+)';/gm)) {
    if (from.startsWith('@watchnext/')) found.packages.add(from);
    // As seen from this folder, './x' being 'x'.
    else if (from.startsWith('.')) runBy(join(module, '..', from), found);
  }
  return found;
}

describe('the keys of the code', () => {
  it('hang on all that makes the data, and on neither model', () => {
    const { packages, modules } = runBy('data');
    expect(packages).toContain('@watchnext/simulator');
    expect([...modules].sort()).toEqual([...DATA_CODE.modules].sort());
    expect([...packages].filter((name) => !DATA_CODE.packages.includes(name))).toEqual([]);
    expect(DATA_CODE.packages.filter((name) => name.endsWith('-model'))).toEqual([]);
  });

  it.each(['candidate', 'age-curve', 'ranking'] as const)(
    'hang on all that trains and asks units of kind %s',
    (kind) => {
      // A result's name has the key of its data, too.
      const known = [DATA_CODE, UNIT_CODE[kind]];
      const { packages, modules } = runBy('run-unit');
      const lacking = [...modules].filter((name) => !known.some((code) => code.modules.includes(name)));
      const lackingPackages = [...packages].filter((name) => !known.some((code) => code.packages.includes(name)));
      expect(lacking).toEqual([]);
      expect(lackingPackages).toEqual([OTHER_MODEL[kind]]);
    },
  );

  it('hang on the code of the model that is trained, and not on the other’s', () => {
    expect(unitCodeKey('age-curve')).toBe(unitCodeKey('candidate'));
    expect(unitCodeKey('ranking')).not.toBe(unitCodeKey('candidate'));
    expect(dataCodeKey()).toMatch(/^[0-9a-f]{24}$/);
  });
});
