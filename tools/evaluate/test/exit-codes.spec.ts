/** What a script learns from the end of the built program. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = join(__dirname, '..', 'dist', 'main.js');
const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
};

describe('npm run evaluate', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'watchnext-evaluate-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    [['candidates', '--no-models', '--no-baselines'], /leave nothing to evaluate/],
    [['candidates', '--archive', 'a', '--path', 'b'], /--path is for a --dataset/],
    [['candidates', '--archive', 'a', '--mapping', __filename], /--mapping is for --dataset table/],
    [['candidates', '--sequences', __filename, '--partitions', '4'], /--partitions is for an archive/],
    [['candidates', '--archive', 'a', '--min-watches', '9'], /--min-watches is for --protocol leave-one-out/],
    [['candidates', '--sequences', __filename, '--test-days', '9'], /--test-days is for --protocol temporal/],
    [['candidates', '--archive', 'a', '--test-days', '9', '--test-from', '2026-11-01'], /without --test-from/],
    [['candidates', '--archive', 'a', '--no-models', '--compare', 'depth'], /--compare is for models/],
    [['candidates', '--seeds', '1,1'], /1 is there twice/],
    [['candidates', '--sequences', __filename, '--set', 'nope=1'], /there is no setting "nope"/],
    [['paper', '--only', 'nope'], /--only nope: there are/],
    [['report', '--out', tmpdir()], /name --archive, or the files/],
  ])('ends %j with 2', (args, message) => {
    expect(run(...args)).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(message) });
  });

  it('ends with 3 where the data cannot be read, and says so in the help of each command', () => {
    expect(run('candidates', '--archive', folder).status).toBe(3);
    for (const args of [['--help'], ['ranking', '--help']])
      expect(run(...args).stdout).toMatch(/Exit codes: 0 done; 1 .*; 2 .*; 3 .*; 130 interrupted .*, 143 stopped/s);
  });

  it('takes the mapping of a table that is named, or that lies beside it, and says what writes one', () => {
    const table = join(folder, 'log.csv');
    const rows = Array.from(
      { length: 60 },
      (_, n) => `user-${n % 6},video-${((n % 6) + 7 * Math.floor(n / 6)) % 20},${1_790_000_000 + n * 60}`,
    );
    writeFileSync(table, ['who,what,moment', ...rows].join('\n'));
    const evaluated = ['candidates', '--dataset', 'table', '--path', table, '--protocol', 'leave-one-out'];
    const { status, stderr } = run(...evaluated, '--no-models');
    expect([status, stderr]).toEqual([3, expect.stringContaining(`"npm run validate -- table ${table}"`)]);
    const mapping = { log: { userId: 'who', videoId: 'what', time: { column: 'moment', unit: 's' } } };
    const named = join(folder, 'mapping.json');
    for (const [file, args] of [
      [named, ['--mapping', named]],
      [`${table}.mapping.json`, []],
    ] as const) {
      writeFileSync(file, JSON.stringify(mapping));
      expect(run(...evaluated, '--no-models', ...args)).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/popularity/),
      });
      rmSync(file);
    }
  });

  it('tells what an import leaves out of the data that it evaluates', () => {
    const table = join(folder, 'log.csv');
    const rows = Array.from(
      { length: 60 },
      (_, n) => `user-${n % 6},video-${((n % 6) + 7 * Math.floor(n / 6)) % 20},${1_790_000_000 + n * 60}`,
    );
    rows.push('user-1,video-1,yesterday', '-1,video-2,1790000000');
    writeFileSync(table, ['who,what,moment', ...rows].join('\n'));
    const mapping = { log: { userId: 'who', videoId: 'what', time: { column: 'moment', unit: 's' } } };
    writeFileSync(`${table}.mapping.json`, JSON.stringify(mapping));
    const evaluated = ['candidates', '--dataset', 'table', '--path', table, '--protocol', 'leave-one-out'];
    const { status, stderr } = run(...evaluated, '--no-models');
    expect(status).toBe(0);
    expect(stderr).toMatch(/import table: .* 20 videos/);
    expect(stderr).toMatch(/rows? of nobody left out: 1 of user "-1"/);
    expect(stderr).toMatch(/log\.csv: 1 row left out\n  line 62: /);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('is told to stop by %s, ends with %i, and writes no page', async (signal, exitCode) => {
    const args = [MAIN, 'paper', '--on', 'small', '--work', folder, '--markdown', join(folder, 'page.md')];
    const paper = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    paper.stderr.on('data', (text) => (said += String(text)));
    await once(paper.stderr, 'data');
    paper.kill(signal);
    expect(await once(paper, 'close')).toEqual([exitCode, null]);
    expect(said).toContain('stopped; the same command goes on from here');
  });
});
