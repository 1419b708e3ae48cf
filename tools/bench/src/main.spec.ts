/** What the built program does before a bench begins, and at a signal. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@watchnext/testing';

const MAIN = join(__dirname, '..', 'dist', 'main.js');

describe('npm run bench', () => {
  it.each([
    [['faults', '--only', 'ranking,nope'], /there is no "nope", but retrieval, ranking, /],
    [['faults', '--faults', 'nope'], /there is no "nope", but killed, hung, /],
    [['train', '--kernels', 'nope'], /there is no "nope", but auto, /],
  ])('refuses %j before it starts anything', (args, message) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(message) });
  });

  it('ends at a signal in the middle of a computation that lets nothing else have a turn', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'watchnext-bench-'));
    const file = join(folder, 'sequences.tsv');
    const bench = spawn(process.execPath, [MAIN, 'sequences', file, '--users', '999999999999'], { stdio: 'ignore' });
    try {
      await eventually(() => existsSync(file) && statSync(file).size > 0, 'the first sequences');
      bench.kill('SIGINT');
      expect(await once(bench, 'close')).toEqual([null, 'SIGINT']);
    } finally {
      bench.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    }
  });
});
