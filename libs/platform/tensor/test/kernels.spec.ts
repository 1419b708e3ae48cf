import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

it('are committed as their sources compile', async () => {
  const build = join(__dirname, '..', 'kernels', 'build.mjs');
  await expect(promisify(execFile)(process.execPath, [build, '--check'])).resolves.toBeDefined();
});
