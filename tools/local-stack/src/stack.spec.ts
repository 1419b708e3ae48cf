import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identify, isAlive } from '@watchnext/folder-lock';
import { MissingProgramError, requirePrograms } from './programs';
import { freePorts } from './ports';
import { startListening, stopProcess } from './processes';
import { endServer } from './faults';
import { startStack, stopStack } from './stack';
import { readStack, serversOf, type Stack, StackExistsError, UnverifiedStackError, writeStack } from './stack-file';

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
    const register = join(__dirname, '..', '..', '..', 'libs', 'testing', 'register-typescript.js');
    const args = ['--conditions=@watchnext/source', '--require', register, join(__dirname, 'main.ts')];
    const up = spawnSync(process.execPath, [...args, 'up', '--directory', directory], {
      encoding: 'utf8',
      env: { PATH: join(directory, 'empty') },
    });
    expect(up.status).toBe(1);
    expect(up.stderr).toMatch(/java \(Java 17.*redis-server \(Debian.*mvn \(fetches Kafka/s);
    expect(readStack(directory)).toBeUndefined();
    expect(existsSync(join(directory, 'run'))).toBe(false);

    const status = spawnSync(process.execPath, [...args, 'status', '--directory', directory], { encoding: 'utf8' });
    expect([status.status, status.stdout]).toEqual([3, 'no stack is running\n']);
  });

  it('is not there where none was started, and stopping it is no error', async () => {
    expect(readStack(directory)).toBeUndefined();
    expect(await stopStack(directory)).toBe(0);
  });

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
