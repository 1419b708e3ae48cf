import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { eventually } from '@watchnext/waiting/testing';
import { identify, isAlive } from '@watchnext/folder-lock';
import { MissingProgramError, requirePrograms } from './programs';
import { freePorts } from './ports';
import { startListening, stopProcess } from './processes';
import { endServer } from './faults';
import { startStack, stopStack } from './stack';
import {
  DamagedStackError,
  ForeignFolderError,
  readStack,
  serversOf,
  type Stack,
  StackExistsError,
  StackStoppedError,
  UnverifiedStackError,
  writeStack,
} from './stack-file';

const register = join(__dirname, '..', '..', '..', 'libs', 'testing', 'register-typescript.js');
const PROGRAM = ['--conditions=@watchnext/source', '--require', register, join(__dirname, 'main.ts')];

describe('a local stack', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'watchnext-stack-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('names every missing program and how to get it', () => {
    expect(() => requirePrograms(['node', 'redis-server-of-nowhere', 'mvn-of-nowhere'])).toThrow(MissingProgramError);
    expect(() => requirePrograms(['redis-server-of-nowhere', 'mvn-of-nowhere'])).toThrow(
      /redis-server-of-nowhere.*mvn-of-nowhere/,
    );
  });

  it('says which programs it needs before it starts anything', () => {
    const up = spawnSync(process.execPath, [...PROGRAM, 'up', '--directory', directory], {
      encoding: 'utf8',
      // Kafka's jars may be there on this machine.
      env: { PATH: join(directory, 'empty'), WATCHNEXT_STACK_DIR: join(directory, 'empty') },
    });
    expect(up.status).toBe(1);
    expect(up.stderr).toMatch(/java \(Java 17.*redis-server \(Debian.*mvn \(fetches Kafka/s);
    expect(readStack(directory)).toBeUndefined();
    expect(existsSync(join(directory, 'run'))).toBe(false);

    const status = spawnSync(process.execPath, [...PROGRAM, 'status', '--directory', directory], { encoding: 'utf8' });
    expect([status.status, status.stdout]).toEqual([3, 'no stack is running\n']);
  });

  it('is not there where none was started, and stopping it is no error', async () => {
    expect(readStack(directory)).toBeUndefined();
    expect(await stopStack(directory)).toBe(0);
  });

  it('touches no folder "run" that is no stack’s', async () => {
    const file = join(directory, 'run', 'results.csv');
    mkdirSync(join(directory, 'run'));
    writeFileSync(file, 'weeks of work');
    expect(await stopStack(directory)).toBe(0);
    const start = startStack({ directory, brokerCount: 0, redis: 'none' });
    await expect(start).rejects.toThrow(ForeignFolderError);
    await expect(start).rejects.toThrow(`${join(directory, 'run')} is there, and no stack.json`);
    expect(readFileSync(file, 'utf8')).toBe('weeks of work');
  });

  it('makes "run" anew where its own stack.json says that an earlier one had it', async () => {
    const file = join(directory, 'run', 'redis', 'dump.rdb');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, 'of yesterday');
    writeStack(directory, { brokerCount: 0, redis: 'none', processes: [], environment: {} });
    await startStack({ directory, brokerCount: 0, redis: 'none' });
    expect(existsSync(file)).toBe(false);
    await stopStack(directory);
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each(['{"brokerCount": 1, "red', '[]', 'null', '{"brokerCount": 1, "redis": "none", "environment": {}}'])(
    'names a stack.json that holds %s, says what to do, and removes nothing',
    async (damaged) => {
      const file = join(directory, 'stack.json');
      writeFileSync(file, damaged);
      mkdirSync(join(directory, 'run'));
      expect(() => readStack(directory)).toThrow(DamagedStackError);
      await expect(stopStack(directory)).rejects.toThrow(`${file} is damaged`);
      await expect(startStack({ directory, brokerCount: 0, redis: 'none' })).rejects.toThrow(DamagedStackError);
      const status = spawnSync(process.execPath, [...PROGRAM, 'status', '--directory', directory], {
        encoding: 'utf8',
      });
      expect([status.status, status.stderr]).toEqual([
        1,
        expect.stringMatching(/^\S+stack\.json is damaged.*ps.*remove.*\n$/),
      ]);
      expect(readdirSync(directory).sort()).toEqual(['run', 'stack.json']);
    },
  );

  it('tells why a process did not start, with the end of its log', async () => {
    const [port] = (await freePorts(1)) as [number];
    const start = startListening({
      name: 'doomed',
      command: process.execPath,
      args: ['-e', 'console.error("cannot go on"); process.exit(3)'],
      port,
      logFile: join(directory, 'doomed.log'),
      cwd: directory,
    });
    await expect(start).rejects.toThrow(/doomed did not start \(ended with code 3\):\ncannot go on/);
  });

  it('stops a process that does not listen to SIGTERM', async () => {
    const [port] = (await freePorts(1)) as [number];
    const program = `process.on('SIGTERM', () => {}); require('net').createServer().listen(${port}, '127.0.0.1')`;
    const started = await startListening({
      name: 'stubborn',
      command: process.execPath,
      args: ['-e', program],
      port,
      logFile: join(directory, 'stubborn.log'),
      cwd: directory,
    });
    expect(isAlive(started)).toBe(true);
    await stopProcess(started, 200);
    expect(isAlive(started)).toBe(false);
  });
});

describe('a stack.json whose numbers may be of other programs by now', () => {
  let directory: string;
  let stranger: ChildProcess;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'watchnext-stack-'));
    stranger = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1_000)'], { stdio: 'ignore' });
  });
  afterEach(() => {
    stranger.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  /** Of a server with the stranger's number. */
  const write = (startedAt: string | undefined) => {
    const rest = { port: 1, logFile: 'redis.log', command: 'redis-server', args: [], cwd: directory };
    const server = { name: 'redis', pid: stranger.pid as number, startedAt, ...rest };
    writeStack(directory, { brokerCount: 0, redis: 'standalone', processes: [server], environment: {} } as Stack);
  };
  const isLeftAlone = () => stranger.exitCode === null && stranger.signalCode === null;
  const startNothing = () => startStack({ directory, brokerCount: 0, redis: 'none' });

  // Only where the system tells start times can a number be told from its successor.
  (identify(process.pid).startedAt === '' ? it.skip : it)(
    'takes a server for gone whose number a later process has, and sends that no signal',
    async () => {
      write('1');
      expect([...serversOf(readStack(directory) as Stack)]).toEqual([['redis', false]]);
      await endServer(directory, 'redis', 'SIGKILL');
      await endServer(directory, 'redis', 'SIGTERM');
      expect(await stopStack(directory)).toBe(0);
      write('1');
      await startNothing();
      expect(isLeftAlone()).toBe(true);
      expect(readStack(directory)?.processes).toEqual([]);
    },
  );

  it('knows a server by when it started', async () => {
    const server = identify(stranger.pid as number);
    write(server.startedAt);
    await expect(startNothing()).rejects.toThrow(StackExistsError);
    expect(await stopStack(directory)).toBe(1);
    expect(isAlive(server)).toBe(false);
  });

  it('touches nothing where an earlier version wrote numbers alone, and says what to do', async () => {
    write(undefined);
    expect([...serversOf(readStack(directory) as Stack)]).toEqual([['redis', false]]);
    await expect(stopStack(directory)).rejects.toThrow(UnverifiedStackError);
    await expect(stopStack(directory)).rejects.toThrow(`redis (process ${stranger.pid})`);
    await expect(startNothing()).rejects.toThrow(UnverifiedStackError);
    await expect(endServer(directory, 'redis', 'SIGKILL')).rejects.toThrow(UnverifiedStackError);
    expect(isLeftAlone()).toBe(true);
    stranger.kill('SIGKILL');
    await once(stranger, 'exit');
    expect(await stopStack(directory)).toBe(0);
    expect(readStack(directory)).toBeUndefined();
  });
});

describe('a stack that is interrupted while it starts', () => {
  let directory: string;
  let path: string | undefined;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'watchnext-stack-'));
    path = process.env['PATH'];
    process.env['PATH'] = `${join(directory, 'bin')}:${path}`;
  });
  afterEach(async () => {
    process.env['PATH'] = path;
    await stopStack(directory);
    rmSync(directory, { recursive: true, force: true });
  });

  /** Stands in for Redis: the program gets the path of its settings. */
  const redisIs = (program: string) => {
    mkdirSync(join(directory, 'bin'));
    const write = (name: string, text: string) => writeFileSync(join(directory, 'bin', name), text, { mode: 0o755 });
    write('redis-server', `#!${process.execPath}\nif (process.argv[2] === '--version') process.exit();\n${program}`);
    write('redis-cli', '#!/bin/sh\n');
  };
  const NEVER_LISTENS = 'setInterval(() => undefined, 1_000);';
  const LISTENS = `const port = /port (\\d+)/.exec(require('fs').readFileSync(process.argv[2], 'utf8'))[1];
    require('net').createServer().listen(Number(port), '127.0.0.1');`;
  const options = () => ({ directory, brokerCount: 0, redis: 'standalone' }) as const;
  const firstServer = () =>
    eventually(() => {
      const [server] = readStack(directory)?.processes ?? [];
      if (!server) throw new Error('no server was noted');
      return server;
    });
  const expectNothingLeft = () => {
    expect(readStack(directory)).toBeUndefined();
    expect(existsSync(join(directory, 'run'))).toBe(false);
  };

  it('tells its servers before they listen, is none to use or to start over, and can be stopped', async () => {
    redisIs(NEVER_LISTENS);
    const failure = startStack(options()).catch((error: Error) => error);
    const server = await firstServer();
    expect(readStack(directory)).toMatchObject({ starting: identify(process.pid), environment: {} });
    await expect(startStack(options())).rejects.toThrow(/being started from .* by process/);
    const status = spawnSync(process.execPath, [...PROGRAM, 'status', '--directory', directory], { encoding: 'utf8' });
    expect([status.status, status.stdout]).toEqual([3, expect.stringContaining('Not all servers are started yet')]);

    expect(await stopStack(directory)).toBe(1);
    expect(await failure).toMatchObject({
      message: expect.stringContaining('redis did not start (ended with SIGTERM)'),
    });
    expect(isAlive(server)).toBe(false);
    expectNothingLeft();
  });

  it('starts no server once it was stopped', async () => {
    redisIs(LISTENS);
    const failure = startStack(options()).catch((error: Error) => error);
    // No server is there yet: ports are still looked for.
    expect(await stopStack(directory)).toBe(0);
    expect(await failure).toBeInstanceOf(StackStoppedError);
    expectNothingLeft();
  });

  it('leaves no server where what runs cannot be written down', async () => {
    redisIs(`require('fs').mkdirSync(${JSON.stringify(join(directory, 'stack.json.new'))}); ${LISTENS}`);
    const failure = startStack(options()).catch((error: Error) => error);
    const server = await firstServer();
    expect(await failure).toMatchObject({ code: 'EISDIR' });
    expect(isAlive(server)).toBe(false);
    expectNothingLeft();
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('is stopped by stack:up itself at %s', async (signal, exitCode) => {
    redisIs(NEVER_LISTENS);
    const args = [...PROGRAM, 'up', '--engine', 'native', '--brokers', '0', '--directory', directory];
    const up = spawn(process.execPath, args, { env: process.env, stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    up.stderr.on('data', (text) => (errors += text));
    const server = await firstServer();
    up.kill(signal);
    expect(await once(up, 'close')).toEqual([exitCode, null]);
    expect(errors).toBe('');
    expect(isAlive(server)).toBe(false);
    expectNothingLeft();
  });
});
