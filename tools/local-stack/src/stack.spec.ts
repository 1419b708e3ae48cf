import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MissingProgramError, requirePrograms } from './programs';
import { freePorts } from './ports';
import { isAlive, startListening, stopProcess } from './processes';
import { stopStack } from './stack';
import { readStack } from './stack-file';

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
    expect(isAlive(started.pid)).toBe(true);
    await stopProcess(started.pid, 200);
    expect(isAlive(started.pid)).toBe(false);
  });
});
