import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isAlive, type ProcessIdentity } from '@watchnext/folder-lock';
import { lastLines } from '@watchnext/service-process';

export interface StartedProcess extends ProcessIdentity {
  readonly name: string;
  readonly port: number;
  readonly logFile: string;
  /** How it was started, so that it can be started again. */
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

/** Told of a server as soon as its process is there, before it listens; where this throws, the process is ended. */
export type OnSpawn = (server: StartedProcess) => void;

/** Starts a program that outlives this one, with its output in a file, and waits until it listens. */
export async function startListening(options: {
  name: string;
  command: string;
  args: readonly string[];
  port: number;
  logFile: string;
  cwd: string;
  timeoutMs?: number;
  onSpawn?: OnSpawn | undefined;
}): Promise<StartedProcess> {
  const { name, command, args, port, logFile, cwd, timeoutMs = 180_000, onSpawn } = options;
  const log = openSync(logFile, 'a');
  // Jest's `process.env` is a copy of its own, which specs change; the default would be the real one.
  const child = spawn(command, args, { cwd, env: process.env, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  if (child.pid === undefined) {
    const [error] = (await once(child, 'error')) as [Error];
    throw new Error(`${name} did not start (${error.message})`);
  }
  let ended: string | undefined;
  child.once('exit', (code, signal) => (ended = `ended with ${signal ?? `code ${code}`}`));
  child.unref();
  const started = { name, ...identify(child.pid), port, logFile, command, args, cwd };
  try {
    onSpawn?.(started);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }

  const deadline = Date.now() + timeoutMs;
  while (!(await isListening(port))) {
    if (ended !== undefined || Date.now() > deadline) {
      if (ended === undefined) child.kill('SIGKILL');
      throw new Error(
        `${name} did not start (${ended ?? `not listening after ${timeoutMs} ms`}):\n${lastLines(logFile).join('\n')}`,
      );
    }
    await sleep(100);
  }
  return started;
}

/**
 * SIGTERM, then SIGKILL to what has not gone in time; resolves when the process is gone. Processes already gone count as stopped, and a later process that
 * got the number of one is left alone.
 */
export async function stopProcess(started: ProcessIdentity, timeoutMs = 15_000): Promise<void> {
  if (!isAlive(started)) return;
  process.kill(started.pid, 'SIGTERM');
  const deadline = Date.now() + timeoutMs;
  while (isAlive(started)) {
    if (Date.now() > deadline) return killProcess(started);
    await sleep(50);
  }
}

/** SIGKILL, as a crash would end it; resolves when the process is gone. */
export async function killProcess(started: ProcessIdentity): Promise<void> {
  if (isAlive(started)) process.kill(started.pid, 'SIGKILL');
  while (isAlive(started)) await sleep(10);
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
