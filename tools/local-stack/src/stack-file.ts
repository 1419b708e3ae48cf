/** What stands in a stack's folder about itself: `stack.json`. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeStates, type ComposeProject } from './compose';
import type { KafkaSecurity } from './kafka-security';
import { isAlive, type StartedProcess } from './processes';
import type { RedisTopology } from './redis';

export interface Stack {
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
  constructor(directory: string) {
    super(`a stack is running from ${directory} already: stop it first with npm run stack:down`);
    this.name = 'StackExistsError';
  }
}

/** Of each server by name, whether it runs. */
export function serversOf(stack: Stack): Map<string, boolean> {
  if (!stack.compose) return new Map(stack.processes.map(({ name, pid }) => [name, isAlive(pid)]));
  return new Map([...composeStates(stack.compose)].map(([name, state]) => [name, state === 'running']));
}

/** @throws StackExistsError */
export function assertNoneRuns(directory: string): void {
  const stack = readStack(directory);
  if (stack && [...serversOf(stack).values()].includes(true)) throw new StackExistsError(directory);
}

/** What `stack.json` says; undefined where there is none. */
export function readStack(directory: string): Stack | undefined {
  const file = join(directory, 'stack.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Stack) : undefined;
}

/** As a whole or not at all. It may hold passwords of test users: for its owner's eyes. */
export function writeStack(directory: string, stack: Stack): void {
  const file = join(directory, 'stack.json');
  writeFileSync(`${file}.new`, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
