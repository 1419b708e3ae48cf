import { spawn } from 'node:child_process';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface StartedProcess {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly logFile: string;
  /** How it was started, so that it can be started again. */
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

/** Starts a program that outlives this one, with its output in a file, and waits until it listens. */
export async function startListening(options: {
  name: string;
  command: string;
  args: readonly string[];
  port: number;
  logFile: string;
  cwd: string;
  timeoutMs?: number;
}): Promise<StartedProcess> {
  const { name, command, args, port, logFile, cwd, timeoutMs = 180_000 } = options;
  const log = openSync(logFile, 'a');
  const child = spawn(command, args, { cwd, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  let ended: string | undefined;
  child.once('error', (error) => (ended = error.message));
  child.once('exit', (code, signal) => (ended = `ended with ${signal ?? `code ${code}`}`));
  child.unref();

  const deadline = Date.now() + timeoutMs;
  while (!(await isListening(port))) {
    if (ended !== undefined || Date.now() > deadline) {
      if (child.pid !== undefined && ended === undefined) process.kill(child.pid, 'SIGKILL');
      throw new Error(
        `${name} did not start (${ended ?? `not listening after ${timeoutMs} ms`}):\n${lastLines(logFile)}`,
      );
    }
    await sleep(100);
  }
  return { name, pid: child.pid as number, port, logFile, command, args, cwd };
}

/** SIGTERM, then SIGKILL to what has not gone in time. Processes already gone count as stopped. */
export async function stopProcess(pid: number, timeoutMs = 15_000): Promise<void> {
  if (!isAlive(pid)) return;
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + timeoutMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) {
      process.kill(pid, 'SIGKILL');
      await sleep(100);
      return;
    }
    await sleep(50);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return readState(pid) !== 'Z';
  } catch {
    return false;
  }
}

/** A zombie still answers signals; where /proc tells, it counts as gone. */
function readState(pid: number): string | undefined {
  try {
    return /^\d+ \(.*\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
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

function lastLines(file: string, count = 15): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
}
