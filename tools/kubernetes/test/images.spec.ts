/**
 * What images are made of, without a container engine: each app pruned to a folder of its own, installed, and run from
 * there as an image runs it: by a user who can write nothing of it.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { until } from '@watchnext/end-to-end';
import { freePorts } from '@watchnext/local-stack';
import { LIVENESS_SERVICE } from '@watchnext/service';
import { APPS, type App, REPOSITORY } from '../src';
import { isServing } from '../src/probe';

const LIMIT_MS = 300_000;
/** Whose user images run as; only root can become somebody else. */
const USER = 10_001;
const AS_USER =
  process.getuid?.() === 0 && existsSync('/usr/bin/setpriv')
    ? ['/usr/bin/setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups']
    : [];

/** Where that user can go too: a folder for temporary files may be its owner's alone. */
const BASE = AS_USER.length === 0 ? tmpdir() : ([tmpdir(), '/var/tmp'].find(isOpenToAll) ?? tmpdir());

function isOpenToAll(folder: string): boolean {
  const isOpen = (statSync(folder).mode & 0o001) !== 0;
  return isOpen && (dirname(folder) === folder || isOpenToAll(dirname(folder)));
}

interface LockFile {
  packages: Record<string, { link?: boolean; resolved?: string; optional?: boolean; dev?: boolean }>;
}
const lockOf = (folder: string) => JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as LockFile;

function prune(app: App, folder: string): void {
  const run = spawnSync(process.execPath, [join(REPOSITORY, 'tools', 'image', 'prune.js'), app, folder], {
    encoding: 'utf8',
  });
  if (run.status !== 0) throw new Error(run.stderr);
}

/** What `npm ci` would put there, out of this repository's own install: the same versions, as `prune.js` makes sure. */
function linkDependencies(folder: string): void {
  for (const [path, { link, resolved, dev }] of Object.entries(lockOf(folder).packages)) {
    if (!path.includes('node_modules/') || dev) continue;
    const [from, to] = [join(REPOSITORY, path), join(folder, path)];
    mkdirSync(dirname(to), { recursive: true });
    if (link) symlinkSync(join(folder, resolved as string), to);
    // Optional ones are for other systems where they are not here.
    else if (existsSync(from)) copyTree(from, to);
  }
}

/** Hard links where they are possible; packages within packages have entries of their own. */
function copyTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyTree(source, target);
    else if (canLink) canLink = linked(source, target);
    if (!canLink && entry.isFile()) cpSync(source, target);
  }
}

/** Not between file systems. */
let canLink = true;
function linked(source: string, target: string): boolean {
  try {
    linkSync(source, target);
    return true;
  } catch {
    return false;
  }
}

describe.each(APPS)('the image of %s', (app) => {
  let folder: string;
  let image: string;
  let data: string;
  let child: ChildProcess | undefined;
  let log = '';

  beforeAll(() => {
    folder = mkdtempSync(join(BASE, `watchnext-image-${app}-`));
    chmodSync(folder, 0o755);
    image = join(folder, 'app');
    data = join(folder, 'data');
    mkdirSync(data);
    chmodSync(data, 0o777);
    prune(app, image);
    linkDependencies(image);
  }, LIMIT_MS);
  afterAll(() => {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  /** @returns the exit code, or the name of the signal that ended it */
  function run(environment: Record<string, string>, args: string[] = []): Promise<number | string | null> {
    const [program = '', ...before] = [...AS_USER, process.execPath];
    const { PATH = '' } = process.env;
    const started = spawn(program, [...before, join('apps', app, 'dist', 'main.js'), ...args], {
      cwd: image,
      env: { PATH, NODE_ENV: 'production', WATCHNEXT_DATA_DIR: data, WATCHNEXT_LOG_LEVEL: 'warn', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    for (const stream of [started.stdout, started.stderr])
      stream.on('data', (text: Buffer) => (log += text.toString()));
    return new Promise((resolve) => started.once('exit', (code, signal) => resolve(code ?? signal)));
  }

  it('has no package that only development needs, and no source', () => {
    const modules = readdirSync(join(image, 'node_modules'));
    expect(modules.filter((name) => /^(jest|typescript|nx|eslint|prettier|@swc|@nx)$/.test(name))).toEqual([]);
    const own = Object.entries(lockOf(image).packages).filter(([, { link }]) => link);
    expect(own.length).toBeGreaterThan(5);
    for (const [path] of own) {
      expect(lstatSync(join(image, path)).isSymbolicLink()).toBe(true);
      expect(
        readdirSync(join(image, path)).filter(
          (name) => !['dist', 'public', 'package.json', 'node_modules'].includes(name),
        ),
      ).toEqual([]);
    }
  });

  if (app === 'trainer') {
    it('has the training kernels that are compiled for the processor', () => {
      expect(existsSync(join(image, 'libs', 'platform', 'tensor', 'dist', 'native', 'kernels.node'))).toBe(true);
    });

    it(
      'runs once, and says that there is nothing to train on',
      async () => {
        expect([await run({ WATCHNEXT_LOG_LEVEL: 'info' }, ['--once']), log]).toEqual([4, expect.any(String)]);
        expect(log).toMatch(/"kernels":"(native|wasm)/);
      },
      LIMIT_MS,
    );
    return;
  }

  it(
    'starts, is alive, and ends at SIGTERM',
    async () => {
      const [port] = (await freePorts(1)) as [number];
      const variable = app === 'gateway' || app === 'ingestion' ? 'WATCHNEXT_HTTP_PORT' : 'WATCHNEXT_GRPC_PORT';
      const ended = run({ [variable]: String(port) });
      const isAlive =
        variable === 'WATCHNEXT_HTTP_PORT' ? () => isLiveOverHttp(port) : () => isServing(port, LIVENESS_SERVICE);
      let code: number | string | null | undefined;
      void ended.then((one) => (code = one));
      await until(`${app} to be alive`, async () => code !== undefined || (await isAlive()), LIMIT_MS);
      expect([code, log]).toEqual([undefined, expect.any(String)]);
      child?.kill('SIGTERM');
      expect([await ended, log]).toEqual([0, expect.any(String)]);
    },
    LIMIT_MS,
  );
});

describe('an install of a pruned folder', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'watchnext-install-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it(
    'installs just the lock file, and of each package what this system runs',
    () => {
      const image = join(folder, 'app');
      prune('ranking', image);
      const install = spawnSync(process.execPath, [join(REPOSITORY, 'tools', 'image', 'install.js'), image], {
        encoding: 'utf8',
      });
      expect([install.status, install.stderr]).toEqual([0, expect.any(String)]);
      const installed = Object.keys(lockOf(image).packages).filter(
        (path) => path.includes('node_modules/') && existsSync(join(image, path)),
      );
      expect(installed.length).toBeGreaterThan(100);
      expect(existsSync(join(image, 'node_modules', 'jest'))).toBe(false);
      const systems = readdirSync(join(image, 'node_modules', 'onnxruntime-node', 'bin'), {
        recursive: true,
        encoding: 'utf8',
      });
      expect(systems.filter((path) => /darwin|win32/.test(path))).toEqual([]);
      expect(systems.some((path) => path.endsWith('onnxruntime_binding.node'))).toBe(true);
    },
    LIMIT_MS,
  );
});

function isLiveOverHttp(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/livez`).then(({ ok }) => ok);
}
