import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measuredInProcess } from './measured-process';

describe('work that is measured in a process of its own', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'watchnext-measured-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = (program: string, ...args: string[]) => {
    const file = join(folder, 'program.js');
    writeFileSync(file, program);
    return measuredInProcess(file, args);
  };

  it('tells its figures', async () => {
    const program = 'process.send({ args: process.argv.slice(2) }, () => process.exit(0));';
    expect(await run(program, 'read', 'all')).toEqual({ args: ['read', 'all'] });
  });

  it.each([
    ['without having told any', 'process.exit(0);', 'program.js ended with 0, and told nothing'],
    ['by a failure', 'process.send({}, () => process.exit(3));', 'program.js ended with 3'],
    ['by a signal', "process.kill(process.pid, 'SIGKILL');", 'program.js ended with SIGKILL'],
  ])('is not waited for where it ends %s', async (_how, program, message) => {
    await expect(run(program)).rejects.toThrow(message);
  });
});
