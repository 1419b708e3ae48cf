import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DAY_MS } from '@watchnext/features';
import { archiveExperiment, START_MS, fileWith } from './archived-experiment';

const MAIN = resolve(__dirname, '..', 'dist', 'main.js');

describe('npm run experiment', () => {
  const folder = mkdtempSync(join(tmpdir(), 'watchnext-experiment-'));
  const path = join(folder, 'experiments.json');
  const definition = (more: Record<string, unknown> = {}) => ({
    layers: [{ name: 'ranking', salt: 'a' }],
    experiments: [
      {
        name: 'better',
        hypothesis: 'Viewers watch longer.',
        layer: 'ranking',
        salt: 'november',
        start: new Date(START_MS).toISOString(),
        stop: new Date(START_MS + 10 * DAY_MS).toISOString(),
        variants: [
          { name: 'control', share: 0.5 },
          { name: 'treatment', share: 0.5, serving: { channelCap: 3 } },
        ],
        testers: { tess: 'treatment' },
        ...more,
      },
    ],
  });
  const run = (...args: string[]) => runIn(folder, ...args);
  const runIn = (dataDirectory: string, ...args: string[]) =>
    new Promise<{ code: number; out: string; err: string }>((done) => {
      execFile(
        process.execPath,
        [MAIN, ...args],
        { env: { PATH: process.env['PATH'], WATCHNEXT_DATA_DIR: dataDirectory, WATCHNEXT_EXPERIMENTS_FILE: path } },
        (error, out, err) => done({ code: error ? Number(error.code) : 0, out, err }),
      );
    });
  const at = ['--at', new Date(START_MS + 2 * DAY_MS).toISOString()];

  beforeAll(async () => {
    writeFileSync(path, JSON.stringify(definition()));
    const { archive } = await archiveExperiment(join(folder, 'archive'), fileWith(), { users: 200, days: 2 });
    await archive.close();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('explains itself, each command too', async () => {
    expect((await run('--help')).out).toMatch(/validate.*assign.*report.*export.*aa.*power.*off-policy/s);
    expect((await run('power', '--help')).out).toMatch(/how long an experiment must run/);
    for (const command of ['report', 'export'])
      expect((await run(command, '--help')).out).toMatch(/--at.*\s+playbacks\s+begun\s+before\s+count\s+up\s+to/s);
  });

  it('validates, and refuses a change that would spoil a running experiment', async () => {
    expect(await run('validate')).toMatchObject({ code: 0, out: '1 experiments in 1 layers are sound\n' });
    const next = join(folder, 'next.json');
    const shares = (control: number, treatment: number) => [
      { name: 'control', share: control },
      { name: 'treatment', share: treatment, serving: { channelCap: 3 } },
    ];
    writeFileSync(next, JSON.stringify(definition({ variants: shares(0.9, 0.1) })));
    const spoilt = await run('validate', '--file', next, '--against', path, ...at);
    expect(spoilt).toMatchObject({
      code: 2,
      err: expect.stringMatching(/40\.0% of its users would change their variant/),
    });
    expect(spoilt.err).toMatch(/shares grow unequally[^]*what may grow while it runs are all shares, by one factor/);
    writeFileSync(next, JSON.stringify(definition({ stop: 'never' })));
    expect(await run('validate', '--file', next)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/stop \(better\)/),
    });
    expect(await run('validate', '--file', join(folder, 'nowhere'))).toMatchObject({ code: 78 });
  });

  it('says who is in what', async () => {
    const { out } = await run('assign', 'tess', '--json');
    expect(JSON.parse(out)).toEqual([
      expect.objectContaining({
        experiment: 'better',
        variant: 'treatment',
        overridden: true,
        serving: { channelCap: 3 },
      }),
    ]);
    expect((await run('assign', 'user-1')).out).toMatch(/better\s+ranking\s+(control|treatment)/);
    expect(await run('assign', 'user-1', '--experiment', 'other')).toMatchObject({ code: 2 });
  });

  it('reports as text, as JSON and as a page', async () => {
    const html = join(folder, 'report.html');
    const report = await run('report', 'better', '--html', html, ...at);
    expect(report).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringMatching(/Sample ratio: holds[^]*watch seconds per user/),
    });
    expect(readFileSync(html, 'utf8')).toMatch(/<svg/);
    expect(JSON.parse((await run('report', 'better', '--json', ...at)).out).dayCount).toBe(2);
    for (const option of ['--html', '--json'])
      expect(await run('report', 'better', option, '/no/such/folder/file', ...at)).toMatchObject({
        code: 2,
        out: '',
        err: expect.stringMatching(/\/no\/such\/folder cannot be written to \(ENOENT\)/),
      });
    expect(await run('report', 'better', '--at', '7')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--at.*a date or a time as 2026-11-21.*UTC/),
    });
    const json = join(folder, 'report.json');
    expect((await run('report', 'better', '--json', json, ...at)).out).toMatch(/Sample ratio/);
    expect(JSON.parse(readFileSync(json, 'utf8')).dayCount).toBe(2);
    const early = await run('report', 'better', '--at', new Date(START_MS - 1).toISOString());
    expect(early).toMatchObject({ code: 3, err: expect.stringMatching(/starts at/) });
  });

  it('exports the users of a report, and never over a file that is there', async () => {
    const table = join(folder, 'users.csv');
    const exported = await run('export', 'better', '--out', table, ...at);
    expect(exported).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^\d+ users up to .* are in .*users\.csv\n {2}compared: control \d+, treatment \d+\n {2}left out: tester 1\n$/,
      ),
      err: expect.stringMatching(/^archive: \d+ questions in/),
    });
    const lines = readFileSync(table, 'utf8').trim().split('\n');
    expect(lines[0]).toMatch(/^user_id,variant,assigned_at_ms,/);
    expect(exported.out.startsWith(`${lines.length - 1} users`)).toBe(true);
    expect(await run('export', 'better', '--out', table, ...at)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/--out.*users\.csv is there already: remove it, or name another/),
    });
    expect(await run('export', 'better', '--out', join(folder, 'users.xlsx'), ...at)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--out.*must end in \.parquet or \.csv/),
    });
  });

  it('takes a file that serves everybody the control, and has nothing to report or plan of it', async () => {
    const braked = join(folder, 'braked.json');
    const variants = [
      { name: 'control', share: 1 },
      { name: 'treatment', share: 0, serving: { channelCap: 3 } },
    ];
    writeFileSync(braked, JSON.stringify(definition({ variants })));
    expect(await run('validate', '--file', braked)).toMatchObject({ code: 0 });
    for (const [command, ...more] of [['report'], ['power'], ['export', '--out', join(folder, 'braked.csv')]]) {
      expect(await run(command, 'better', '--file', braked, ...more, ...at)).toMatchObject({
        code: 3,
        err: expect.stringMatching(/no variant but the control has a share above 0/),
      });
    }
  });

  it('ends with 3 where there is no result yet, also of lists that were not drafted of both', async () => {
    const afterASecond = ['--at', new Date(START_MS + 1_000).toISOString()];
    expect(await run('report', 'better', ...afterASecond)).toMatchObject({
      code: 3,
      err: '',
      out: expect.stringMatching(/treatment against control: no result yet: too few users/),
    });
    const drafted = join(folder, 'drafted.json');
    const variants = ['control', 'treatment'].map((name) => ({ name, share: 0.5 }));
    writeFileSync(drafted, JSON.stringify(definition({ design: 'interleaved', variants })));
    expect(await run('report', 'better', '--file', drafted, ...at)).toMatchObject({
      code: 3,
      err: '',
      out: expect.stringMatching(/no result yet: too few users/),
    });
  });

  it.each([
    ['report', 'better', ...at],
    ['power', 'better', ...at],
    ['aa'],
    ['export', 'better', '--out', join(tmpdir(), 'nowhere.csv'), ...at],
    ['off-policy', '--policy', 'greedy', '--from', '2026-11-24'],
  ])('blames the place, not the lists, where no system has run: %s', async (...args) => {
    expect(await runIn(join(folder, 'nowhere'), ...args)).toMatchObject({
      code: 78,
      out: '',
      err: expect.stringMatching(/must name a system that has run: the archive there holds no events/),
    });
  });

  it('splits users again and again, and says what to change where it cannot', async () => {
    const html = join(folder, 'aa.html');
    const window = ['--days', '2', '--until', new Date(START_MS + 2 * DAY_MS).toISOString()];
    const checked = await run('aa', ...window, '--html', html);
    expect(checked).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^A\/A tests: 20\d users of 2 days, .* split 500 times[^]*\n\nsound: [^]*The page is in/,
      ),
      err: expect.stringMatching(/^archive: \d+ questions in .*\nA\/A tests: 500 splits in/),
    });
    expect(readFileSync(html, 'utf8')).toMatch(/<svg/);
    const refused = async (code: number, err: RegExp, ...args: string[]) =>
      expect(await run('aa', ...args)).toMatchObject({ code, out: '', err: expect.stringMatching(err) });
    await refused(2, /--metrics.*there is no metric clicks; there are watchSecondsPerUser, /, '--metrics', 'clicks');
    await refused(2, /--replicates.*a whole number from 100/, '--replicates', '5');
    await refused(3, /no users were served .*another window with --days and --until/, '--until', '2020-01-01');
    await refused(3, /better starts at .* let --until be then at the latest/, 'better', ...window);
    await refused(2, /there is no experiment other/, 'other');
  });

  it.each(['foo', 'epsilon=2', ''])('takes the policy %j for a command line that cannot be used', async (policy) => {
    expect(await run('off-policy', '--policy', policy, '--from', '2026-11-24')).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/--policy.*there is no policy .*; there are greedy/),
    });
  });

  it('plans', async () => {
    const ofHome = join(folder, 'of-home.json');
    writeFileSync(ofHome, JSON.stringify(definition({ audience: { surfaces: ['home'], loggedIn: true } })));
    const planned = await run('power', 'better', '--file', ofHome, '--days', '2', '--lift', '0.3', ...at);
    expect(planned).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /not measured: surfaces, loggedIn of the audience[^]*a lift of 30\.00% takes[^]*looked at every day/,
      ),
    });
    expect(planned.out).not.toMatch(/asked for/);
    const young = await run('power', 'better', '--lift', '0.3', ...at);
    expect(young).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /users in 2 days\n[^]*measured on 2 of the 14 days asked for: the archive has no list of before/,
      ),
    });
    const nothing = await run(
      'off-policy',
      '--policy',
      'greedy',
      '--from',
      new Date(START_MS).toISOString(),
      '--until',
      new Date(START_MS + DAY_MS).toISOString(),
    );
    expect(nothing).toMatchObject({ code: 3, out: expect.stringMatching(/REFUSED: effective sample size/) });
  });
});
