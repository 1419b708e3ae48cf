import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingPrograms, requirePrograms } from './programs';

describe('programs that a stack needs', () => {
  let folder: string;
  const before = process.env.PYTHONPATH;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'programs-'))));
  afterEach(() => {
    if (before === undefined) delete process.env.PYTHONPATH;
    else process.env.PYTHONPATH = before;
    rmSync(folder, { recursive: true });
  });

  const installMoto = (server: string | undefined) => {
    mkdirSync(join(folder, 'moto'));
    writeFileSync(join(folder, 'moto', '__init__.py'), '');
    if (server !== undefined) writeFileSync(join(folder, 'moto', 'server.py'), server);
    process.env.PYTHONPATH = folder;
  };

  it('are there', () => {
    installMoto('');
    expect(missingPrograms(['moto'])).toEqual([]);
  });

  it.each([
    ['without its server', undefined],
    ['whose server lacks a package', 'import a_package_that_nobody_has'],
  ])('are missing: moto %s, and the message says what to install', (_, server) => {
    installMoto(server);
    expect(missingPrograms(['moto'])).toEqual(['moto']);
    expect(() => requirePrograms(['moto'])).toThrow(/pip install 'moto\[server,s3\]/);
  });

  it('are missing where they are not on the path', () => {
    expect(missingPrograms(['no-such-program'])).toEqual(['no-such-program']);
  });
});
