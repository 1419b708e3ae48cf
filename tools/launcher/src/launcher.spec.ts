/** The launcher among apps that are stand-ins: what it does to the folder and to its processes. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessMessage, TRAINER_EXIT_CODES } from '@watchnext/config';
import { eventually } from '@watchnext/testing';
import type { FolderState } from './data-folder';
import type { LaunchError } from './launch-error';
import { Launcher, type LaunchReport } from './launcher';
import { parseOptions } from './options';

const HOUR_MS = 3_600_000;
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

let said: string;
beforeEach(() => (said = ''));

function launcher(...args: string[]): Launcher {
  const options = parseOptions(['--data', data, '--port', '0', ...args], {
    exitOverride: true,
    defaultDataDirectory: data,
  });
  return new Launcher(root, options, (text) => (said += `${text}\n`));
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
    const early = running.then(() => Promise.reject(new Error('it ended before it trained')));
    early.catch(() => undefined);
    await Promise.race([eventually(() => existsSync(started), 'the training'), early]);
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
    `process.exitCode = ${TRAINER_EXIT_CODES.nothingToTrain};
     process.send(${JSON.stringify({ kind: 'nothing to train on', reason: words } satisfies ProcessMessage)});
     process.disconnect();`;

  it.each<[string, Partial<FolderState>, RegExp]>([
    ['a data set', { path: '/logs/plays' }, /^`npm run validate -- sequences \/logs\/plays` .* --fresh/],
    [
      'a table',
      { dataset: 'table', path: '/a.csv', mapping: '/m.json' },
      /`npm run validate -- table \/a\.csv --mapping \/m\.json`/,
    ],
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

  it('names a command that a shell can run, wherever the table lies', async () => {
    const [path, mapping] = [join(root, "anna's plays.csv"), join(root, 'as $read.json')];
    const log = {
      userId: 'user',
      videoId: 'video',
      time: { column: 'at', unit: 'ms' },
      watchSeconds: { column: 'seconds', unit: 's' },
    };
    writeFileSync(path, `user,video,at,seconds\nanna,v1,${Date.now() - HOUR_MS},30\n`);
    writeFileSync(mapping, JSON.stringify({ log }));
    writeFileSync(join(data, 'watchnext.json'), JSON.stringify({ ...LOADED, dataset: 'table', path, mapping }));
    standInServices();
    standIn('trainer', nothing('nothing to train on'));
    const refused = await launcher()
      .run(new AbortController().signal)
      .catch((error: LaunchError) => error);
    const [, words] = /^`npm run validate -- (.*)`/.exec((refused as LaunchError).remedy) ?? [];
    const program = `"${process.execPath}" "${VALIDATE}" ${words}`;
    const { status, stdout } = spawnSync('sh', ['-c', program], { encoding: 'utf8' });
    // Such a log would spoil a training: that is what it says.
    expect([status, stdout]).toEqual([4, expect.stringContaining('0 of 1 rows cannot be used')]);
  });
});

describe('a start that goes on with a world', () => {
  const LIST = Array.from({ length: 10 }, (_, i) => ({
    videoId: `video-0000${i}`,
    impressionId: `i${i}`,
    position: i,
    title: 'A title',
    topics: [],
    durationSeconds: 60,
  }));

  const FULL_LIST = { userId: 'somebody', requestId: 'r', snapshotId: 'the-snapshot', rung: 'full', items: LIST };

  /** A world whose history ended so long ago, and the services of one that goes on. @param more of what the gateway answers, before the usual */
  function standInWorld(hoursAgo: number, more: Record<string, unknown> = {}): void {
    const world = { seed: 1, users: 20, videos: 60, days: 2, endMs: Date.now() - hoursAgo * HOUR_MS };
    writeFileSync(
      join(data, 'watchnext.json'),
      JSON.stringify({ version: 1, dataset: 'simulator', world, loaded: true }),
    );
    standInServices({
      ...more,
      '/v1/snapshot': { snapshotId: 'the-snapshot' },
      '/v1/users': { users: [{ userId: 'somebody', watchCount: 3 }] },
      '/history': { userId: 'somebody', watchCount: 0, watches: [], searches: [] },
      '/recommendations': FULL_LIST,
    });
  }

  /** @returns what it measured; parameters as of `standInWorld` */
  async function goOn(hoursAgo: number, more: Record<string, unknown> = {}): Promise<LaunchReport> {
    standInWorld(hoursAgo, more);
    const file = join(root, 'report.json');
    expect(await launcher('--once-and-exit', '--json', file).run(new AbortController().signal)).toBe(0);
    return JSON.parse(readFileSync(file, 'utf8')) as LaunchReport;
  }

  it('catches up with it as a step, and sets no popularity of the history beside lists of now', async () => {
    const report = await goOn(2);
    expect(report.secondsByStep).toHaveProperty('catch the world up');
    const rows = report.evaluation as { name: string }[];
    expect(rows.map(({ name }) => name)).toEqual(['random', 'served', 'oracle']);
  });

  it('says of one that is too long past that nobody comes, and serves', async () => {
    const report = await goOn(24 * 13);
    expect(said).toMatch(/390 of its days ago, and 366 can be caught up with: .*--fresh begins a new world/);
    expect(report).not.toHaveProperty('evaluation');
    expect(report.secondsByStep).not.toHaveProperty('draw the world');
    expect(report.firstList!.items).toHaveLength(10);
  });

  it('stays up, and says so, where the trainer in the background does not start', async () => {
    standInWorld(24 * 13);
    standIn('trainer', 'process.exit(1);');
    const stop = new AbortController();
    const running = launcher().run(stop.signal);
    const early = running.then(() => Promise.reject(new Error('it ended by itself')));
    early.catch(() => undefined);
    const tries = () => said.match(/trainer ended \(.*did not start \(exit code 1\).*\); it is started again/g) ?? [];
    await Promise.race([eventually(() => tries().length >= 2, 'the second try'), early]);
    stop.abort(new Error('stopped'));
    expect(await running).toBe(0);
  });

  it('asks again for the first list where a model was late for it', async () => {
    const late = { ...FULL_LIST, requestId: 'late', rung: 'retrieval-order' };
    const { firstList } = await goOn(24 * 13, { '/somebody/recommendations': [late, FULL_LIST] });
    expect(firstList).toMatchObject({ requestId: 'r', rung: 'full' });
  });
});

/** Built, for programs of their own. */
const CONTRACT = resolve(__dirname, '..', '..', '..', 'libs', 'contract', 'dist');
const VALIDATE = resolve(__dirname, '..', '..', 'datasets', 'dist', 'validate', 'main.js');
const READY = `process.on('SIGTERM', () => process.exit());
process.on('disconnect', () => process.exit());
process.send({ kind: 'ready' });`;

/** An app of the launcher's that does nothing but what the test is about. */
function standIn(app: string, program: string): void {
  mkdirSync(join(root, 'apps', app, 'dist'), { recursive: true });
  writeFileSync(join(root, 'apps', app, 'dist', 'main.js'), program);
}

/** Takes whatever events it is sent, and answers what ends so with JSON, of an array with one after the other, the rest with 404. */
function answering(answers: Readonly<Record<string, unknown>>): string {
  return `const { EventBatch } = require(${JSON.stringify(CONTRACT)});
    const answers = Object.entries(${JSON.stringify(answers)});
    require('node:http').createServer(async (call, answer) => {
      const chunks = [];
      for await (const chunk of call) chunks.push(chunk);
      const { events } = EventBatch.decode(Buffer.concat(chunks));
      const results = events.map((_, index) => ({ index, status: 'accepted' }));
      const [, known] = answers.find(([path]) => call.url.split('?')[0].endsWith(path)) ?? [];
      const next = Array.isArray(known) ? known.shift() : known;
      const body = call.method === 'POST' ? { results } : next;
      answer.writeHead(body === undefined ? 404 : 200).end(JSON.stringify(body ?? {}));
    }).listen(Number(process.env.WATCHNEXT_HTTP_PORT), process.env.WATCHNEXT_HOST, () => { ${READY} });`;
}

/** All but the trainer, and nothing lags. @param gateway what it answers; nothing: there is no snapshot */
function standInServices(gateway: Readonly<Record<string, unknown>> = {}): void {
  standIn('ingestion', answering({ '/v1/lag': { materialised: 0, archived: 0 } }));
  standIn('retrieval', READY);
  standIn('ranking', READY);
  standIn('gateway', answering(gateway));
}
