import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from './load-config';
import { requireFolder } from './require-folder';

it('makes the folder of a setting, or says which setting to change', () => {
  const directory = mkdtempSync(join(tmpdir(), 'watchnext-require-folder-'));
  try {
    requireFolder('WATCHNEXT_DATA_DIR', join(directory, 'a', 'b'));
    expect(existsSync(join(directory, 'a', 'b'))).toBe(true);
    const path = join(directory, 'file', 'below');
    writeFileSync(join(directory, 'file'), '');
    const refused = () => requireFolder('WATCHNEXT_DATA_DIR', path);
    expect(refused).toThrow(ConfigError);
    expect(refused).toThrow(
      `WATCHNEXT_DATA_DIR: the folder ${path} cannot be made or written to (ENOTDIR); name another one`,
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});
