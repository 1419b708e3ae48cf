/** What stands in a stack's folder about itself: `stack.json`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, type ProcessIdentity, replaceFile } from '@watchnext/folder-lock';
import { composeStates, type ComposeProject } from './compose';
import type { KafkaSecurity } from './kafka-security';
import type { StartedProcess } from './processes';
import type { RedisTopology } from './redis';

export interface Stack {
  /** The process that still starts servers: those there are can be stopped, but nothing may use them yet. */
  readonly starting?: ProcessIdentity;
  readonly brokerCount: number;
  readonly redis: RedisTopology | 'none';
  /** Empty where the servers run in containers. */
  readonly processes: readonly StartedProcess[];
  /** The containers, where there are any. */
  readonly compose?: ComposeProject;
  readonly security?: KafkaSecurity;
  /** Settings with which services and tests find this stack. */
  readonly environment: Readonly<Record<string, string>>;
}

export class StackExistsError extends Error {
  constructor(directory: string, { starting }: Stack) {
    const state = starting ? `being started from ${directory} by process ${starting.pid}` : `running from ${directory}`;
    super(`a stack is ${state} already: stop it first with npm run stack:down`);
    this.name = 'StackExistsError';
  }
}

export class StackStoppedError extends Error {
  constructor(directory: string) {
    super(`the stack of ${directory} was stopped while a server started`);
    this.name = 'StackStoppedError';
  }
}

/** A `stack.json` of an earlier version: whether the processes with its servers' numbers are its servers cannot be told. */
export class UnverifiedStackError extends Error {
  constructor(directory: string, servers: readonly StartedProcess[]) {
    const numbers = servers.map(({ name, pid }) => `${name} (process ${pid})`).join(', ');
    const file = join(directory, 'stack.json');
    super(
      `${file} does not tell when its servers started, so these may be other programs by now, and none was touched: ` +
        `${numbers}. Look with ps, end those that are servers, and remove ${file}`,
    );
    this.name = 'UnverifiedStackError';
  }
}

/** A folder "run" that no stack made: what is in it is somebody's. */
export class ForeignFolderError extends Error {
  constructor(run: string) {
    super(
      `${run} is there, and no stack.json beside it says that it is of a stack, whose data go away: ` +
        'name another folder with --directory, or remove it',
    );
    this.name = 'ForeignFolderError';
  }
}

/** A `stack.json` that is none: which servers were started cannot be told. */
export class DamagedStackError extends Error {
  constructor(directory: string, options?: ErrorOptions) {
    const file = join(directory, 'stack.json');
    super(
      `${file} is damaged, so which servers it told of is not known, and nothing was touched: look with ps or docker ps ` +
        `for servers of ${directory}, end them, and remove ${file}`,
      options,
    );
    this.name = 'DamagedStackError';
  }
}

/** Of each server by name, whether it runs; one that cannot be verified does not. */
export function serversOf(stack: Stack): Map<string, boolean> {
  if (!stack.compose) return new Map(stack.processes.map((one) => [one.name, isVerifiable(one) && isAlive(one)]));
  return new Map([...composeStates(stack.compose)].map(([name, state]) => [name, state === 'running']));
}

/** @throws UnverifiedStackError where another program may have got the number of a server */
export function assertVerified(directory: string, { processes }: Stack): void {
  const doubtful = processes.filter(isDoubtful);
  if (doubtful.length > 0) throw new UnverifiedStackError(directory, doubtful);
}

/** Whether a process has the server's number, and nothing tells if it is the server. */
export const isDoubtful = (server: StartedProcess): boolean =>
  !isVerifiable(server) && isAlive({ pid: server.pid, startedAt: '' });

/** Earlier versions wrote numbers alone. */
const isVerifiable = ({ startedAt }: Partial<ProcessIdentity>): boolean => startedAt !== undefined;

/** @throws StackExistsError, UnverifiedStackError, DamagedStackError */
export function assertNoneRuns(directory: string): void {
  const stack = readStack(directory);
  if (!stack) return;
  assertVerified(directory, stack);
  const isBeingStarted = stack.starting !== undefined && isAlive(stack.starting);
  if (isBeingStarted || [...serversOf(stack).values()].includes(true)) throw new StackExistsError(directory, stack);
}

/** What `stack.json` says; undefined where there is none. @throws DamagedStackError */
export function readStack(directory: string): Stack | undefined {
  const file = join(directory, 'stack.json');
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  let stack: Partial<Stack> | null;
  try {
    stack = JSON.parse(text) as Partial<Stack> | null;
  } catch (error) {
    throw new DamagedStackError(directory, { cause: error });
  }
  if (!Array.isArray(stack?.processes) || typeof stack.environment !== 'object') throw new DamagedStackError(directory);
  return stack as Stack;
}

/** As a whole or not at all. It may hold passwords of test users: for its owner's eyes. */
export function writeStack(directory: string, stack: Stack): void {
  replaceFile(join(directory, 'stack.json'), `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
}
