/** The launcher among apps that are stand-ins: what it does to the folder and to its processes. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FolderState } from './data-folder';
import type { LaunchError } from './launch-error';
import { Launcher } from './launcher';
import { parseOptions } from './options';

const LOADED: FolderState = { version: 1, dataset: 'sequences', loaded: true };

let root: string;
let data: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'watchnext-launcher-'));
  data = join(root, 'data');
  mkdirSync(join(data, 'archive'), { recursive: true });
  writeFileSync(join(data, 'archive', 'part.parquet'), 'weeks of events');
  writeFileSync(join(data, 'watchnext.json'), JSON.stringify(LOADED));
});
afterEach(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));

function launcher(...args: string[]): Launcher {
  const options = parseOptions(['--data', data, '--port', '0', ...args], {
    exitOverride: true,
    defaultDataDirectory: data,
  });
  return new Launcher(root, options, () => undefined);
}

describe('a start with --fresh', () => {
  it('keeps the state when the files that it is to load are not there', async () => {
    const start = launcher('--fresh', '--dataset', 'table', '--path', join(root, 'typo.csv'));
    await expect(start.run(new AbortController().signal)).rejects.toThrow(/typo\.csv/);
    expect(readFileSync(join(data, 'archive', 'part.parquet'), 'utf8')).toBe('weeks of events');
    expect(JSON.parse(readFileSync(join(data, 'watchnext.json'), 'utf8'))).toEqual(LOADED);
  });

  it('keeps what lies in a folder that WatchNext has not filled, and says so', async () => {
    rmSync(join(data, 'watchnext.json'));
    const refused = await launcher('--fresh')
      .run(new AbortController().signal)
      .catch((error: LaunchError) => error);
    expect(refused).toMatchObject({ name: 'LaunchError', message: expect.stringContaining('(archive)') });
    expect(existsSync(join(data, 'archive', 'part.parquet'))).toBe(true);
  });
});

describe('a start that is stopped', () => {
  it('waits for the trainer, which the next start knows of until it has ended', async () => {
    const [started, release, ended] = ['started', 'release', 'ended'].map((name) => join(root, name));
    standInServices();
    standIn(
      'trainer',
      `const { existsSync, writeFileSync } = require('node:fs');
       const end = () => existsSync(${JSON.stringify(release)}) && (writeFileSync(${JSON.stringify(ended)}, ''), process.exit(143));
       process.on('SIGTERM', () => setInterval(end, 20));
       writeFileSync(${JSON.stringify(started)}, '');
       setInterval(() => {}, 1_000);`,
    );
    const stop = new AbortController();
    const running = launcher().run(stop.signal);
    running.catch(() => undefined);
    while (!existsSync(started)) await sleep(20);
    const noted = () => readFileSync(join(data, 'processes.json'), 'utf8');
    const before = noted();
    stop.abort(new Error('stopped'));
    await sleep(300);
    expect(noted()).toBe(before);
    writeFileSync(release, '');
    await expect(running).rejects.toThrow('stopped');
    expect(existsSync(ended)).toBe(true);
    expect(existsSync(join(data, 'processes.json'))).toBe(false);
  });
});

describe('a start with too little to train on', () => {
  const nothing = (words: string) =>
    `console.log(JSON.stringify({ level: 40, msg: ${JSON.stringify(words)} }));
     console.log(JSON.stringify({ level: 30, msg: 'closed' }));
     process.exitCode = 4;
     process.disconnect();`;

  it.each<[string, Partial<FolderState>, RegExp]>([
    ['a data set', { path: '/logs/plays' }, /^`npm run validate -- sequences \/logs\/plays` .* --fresh/],
    ['a table', { path: 'a.csv', mapping: 'm.json' }, /`npm run validate -- sequences a\.csv --mapping m\.json`/],
    ['a data set of an earlier version', {}, /`npm run validate -- archive .*data\/archive`/],
  ])('gives the reason of the trainer, and what helps with %s', async (_, state, remedy) => {
    writeFileSync(join(data, 'watchnext.json'), JSON.stringify({ ...LOADED, ...state }));
    standInServices();
    standIn('trainer', nothing('nothing to train on: watches of fewer than two users'));
    await expect(launcher().run(new AbortController().signal)).rejects.toMatchObject({
      name: 'LaunchError',
      message: 'nothing to train on: watches of fewer than two users',
      remedy: expect.stringMatching(remedy),
    });
  });
});

const READY = `process.on('SIGTERM', () => process.exit());
process.on('disconnect', () => process.exit());
process.send({ kind: 'ready' });`;

/** An app of the launcher's that does nothing but what the test is about. */
function standIn(app: string, program: string): void {
  mkdirSync(join(root, 'apps', app, 'dist'), { recursive: true });
  writeFileSync(join(root, 'apps', app, 'dist', 'main.js'), program);
}

/** Answers these paths with JSON, others with 404. */
function answering(answers: Readonly<Record<string, unknown>>): string {
  return `const answers = ${JSON.stringify(answers)};
    require('node:http').createServer((call, answer) => {
      const known = answers[call.url];
      answer.writeHead(known === undefined ? 404 : 200).end(JSON.stringify(known ?? {}));
    }).listen(Number(process.env.WATCHNEXT_HTTP_PORT), process.env.WATCHNEXT_HOST, () => { ${READY} });`;
}

/** All but the trainer; there is no snapshot, and nothing that lags. */
function standInServices(): void {
  standIn('ingestion', answering({ '/v1/lag': { materialised: 0, archived: 0 } }));
  standIn('retrieval', READY);
  standIn('ranking', READY);
  standIn('gateway', answering({}));
}
