/**
 * `npm start`, as built, with a small world: from an empty folder to a list, twice, and killed in between. Needs the
 * build that `npm test` makes first.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { identify, isAlive } from '@watchnext/folder-lock';
import { eventually } from '@watchnext/testing';
import type { LaunchReport } from '../src';

const MAIN = resolve(__dirname, '..', 'dist', 'main.js');
/** Far above what it takes; a busy machine may be slow. */
const LIMIT_MS = 300_000;
/** Below that, so that a failure says what did not come. */
const WAIT_MS = 200_000;
/**
 * Small, of a seed whose model passes the gate by far (recall .31 where popularity has .19): each start's world ends at another
 * moment, and with another seed the margin has been three points at one and missing at the next.
 */
const WORLD = ['--users', '1000', '--videos', '150', '--days', '6', '--seed', '5', '--port', '0'];

const launched: Started[] = [];
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'watchnext-start-'));
});
afterEach(async () => {
  // What a failed test left running.
  for (const { child, ended } of launched.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
  }
}, LIMIT_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

function start(args: readonly string[]): Started {
  const child = spawn(process.execPath, [MAIN, '--data', join(folder, 'data'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const started = {
    child,
    output: () => output,
    ended: new Promise<number | null>((resolve) => child.once('close', resolve)),
  };
  launched.push(started);
  return started;
}

async function until(what: string, started: Started, met: () => boolean): Promise<void> {
  let code: number | null | undefined;
  void started.ended.then((ended) => (code = ended));
  await eventually(
    () => {
      if (met()) return true;
      if (code !== undefined) throw new Error(`npm start ended with ${code} before ${what}:\n${started.output()}`);
      return false;
    },
    what,
    WAIT_MS,
  );
}

/** Processes of the services that the launcher noted, and that still run. */
function runningServices(): number[] {
  let text: string;
  try {
    text = readFileSync(join(folder, 'data', 'processes.json'), 'utf8');
  } catch {
    return []; // Not there yet, or no longer.
  }
  const noted = JSON.parse(text) as { pid: number }[];
  return noted.map(({ pid }) => pid).filter(isRunning);
}

const isRunning = (pid: number) => isAlive(identify(pid));

describe('npm start', () => {
  it(
    'goes from nothing to a full list of ten that the truth knows to be good, and leaves nothing running',
    async () => {
      const jsonFile = join(folder, 'report.json');
      const started = start([...WORLD, '--once-and-exit', '--json', jsonFile]);
      const pids = new Set<number>();
      const watching = setInterval(() => runningServices().forEach((pid) => pids.add(pid)), 100);
      const code = await started.ended;
      clearInterval(watching);
      expect({ code, output: started.output() }).toMatchObject({ code: 0 });

      const report = JSON.parse(readFileSync(jsonFile, 'utf8')) as LaunchReport;
      const list = report.firstList!;
      expect(list.rung).toBe('full');
      expect(list.snapshotId).not.toBe('');
      expect(new Set(list.items.map((item) => item.videoId)).size).toBe(10);
      for (const item of list.items) {
        expect(item.videoId).toMatch(/^video-\d{5}$/);
        expect(item.title).not.toBe('');
        expect(item.score).toBeGreaterThan(0);
      }
      const rows = new Map(
        (report.evaluation as { name: string; meanWatchSeconds: number; emptyPlaces: number }[]).map((row) => [
          row.name,
          row,
        ]),
      );
      expect(rows.get('served')!.meanWatchSeconds).toBeGreaterThan(rows.get('random')!.meanWatchSeconds);
      expect(rows.get('served')!.emptyPlaces).toBe(0);
      expect(rows.get('oracle')!.meanWatchSeconds).toBeGreaterThan(rows.get('served')!.meanWatchSeconds);
      expect(report.secondsByStep).toMatchObject({
        'load history': expect.any(Number),
        train: expect.any(Number),
        'first list': expect.any(Number),
      });

      expect(started.output()).toContain(`Recommendations for ${list.userId}`);
      expect(started.output()).toContain(`What ${list.userId} watched last`);
      expect(started.output()).not.toContain('\u001b');

      expect(pids.size).toBeGreaterThanOrEqual(5);
      expect([...pids].filter(isRunning)).toEqual([]);
      expect(readdirSync(join(folder, 'data', 'launcher-lock'))).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'continues from the folder: no second history, no second training; refuses a second launcher and another world',
    async () => {
      const started = start(['--port', '0']);
      await until('the page', started, () => started.output().includes('The page: http'));
      expect(started.output()).not.toContain('Sending the first days');
      expect(started.output()).not.toContain('Training both models');
      expect(started.output()).toMatch(/Snapshot \S+ is there/);

      const second = start([]);
      expect(await second.ended).toBe(1);
      expect(second.output()).toMatch(/in use by another start/);

      const url = /The page: (\S+)/.exec(started.output())![1];
      expect((await fetch(url)).status).toBe(200);
      const events = /Events: (\S+)/.exec(started.output())![1];
      const sent = await fetch(events, {
        method: 'POST',
        body: '{"events":[]}',
        headers: { 'content-type': 'application/json' },
      });
      expect(await sent.json()).toEqual({ accepted: 0, results: [] });

      const services = runningServices();
      expect(services.length).toBeGreaterThanOrEqual(5);
      started.child.kill('SIGINT');
      expect(await started.ended).toBe(0);
      expect(services.filter(isRunning)).toEqual([]);

      const other = start(['--users', '7']);
      expect(await other.ended).toBe(1);
      expect(other.output()).toMatch(/--users 7 \(it holds 1000\)/);
    },
    LIMIT_MS,
  );

  it(
    'brings a crashed service back, and leaves no process when it is itself killed',
    async () => {
      const started = start(WORLD);
      await until('the page', started, () => started.output().includes('The page: http'));
      const services = runningServices();
      process.kill(services[0], 'SIGKILL');
      await until('the restart', started, () => / runs again/.test(started.output()));
      expect(started.output()).toMatch(/\w+ ended \(killed by SIGKILL\); it is started again/);

      const left = runningServices();
      started.child.kill('SIGKILL');
      await started.ended;
      await eventually(() => expect(left.filter(isRunning)).toEqual([]));
    },
    LIMIT_MS,
  );
});
