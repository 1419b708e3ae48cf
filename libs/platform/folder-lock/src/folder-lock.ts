/**
 * Keeps a folder to one process, without a lock that outlives a crash: whoever wants the folder puts a claim of its
 * own beside those of others, and the claim names its process, which can be asked for. No claim is ever replaced and
 * only those of dead processes are removed, so that clearing up after one starter can never take the lock of another.
 *
 * A claim first waits, then holds. Each starter writes its claim before it reads the others', so of two at least one
 * sees the other (L. Lamport, "A new solution of Dijkstra's concurrent programming problem", CACM 17, 1974); among
 * those that wait, the lowest token stays and the rest give way.
 *
 * For processes of one machine that see each other: two containers on one volume do not.
 */
import { randomUUID } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolder } from './make-folder';
import { identify, isAlive } from './process-identity';

/** A later starter gives way within milliseconds, unless it was stopped. */
const GIVE_WAY_LIMIT_MS = 10_000;
const CLAIM = /^(\d+)\.(\d*)\.([0-9a-f-]{36})\.(waits|holds)$/;
/** Where the system tells no start times, a claim with this process's number is of an earlier one unless it is here. */
const ownTokens = new Set<string>();

export class FolderInUseError extends Error {
  constructor(
    readonly directory: string,
    readonly processId: number,
  ) {
    super(`${directory} is in use by process ${processId}`);
    this.name = 'FolderInUseError';
  }
}

interface Claim {
  readonly name: string;
  readonly processId: number;
  readonly startedAt: string;
  readonly token: string;
  readonly holds: boolean;
}

/**
 * @param directory where the claims lie: a folder of their own, made when it is not there
 * @returns how to release it
 * @throws FolderInUseError naming the process that has it
 */
export async function lockFolder(directory: string): Promise<() => Promise<void>> {
  makeFolder(directory);
  const { pid, startedAt } = identify(process.pid);
  const token = randomUUID();
  const path = (state: 'waits' | 'holds') => join(directory, `${pid}.${startedAt}.${token}.${state}`);
  const release = async () => {
    await Promise.all([rm(path('waits'), { force: true }), rm(path('holds'), { force: true })]);
    ownTokens.delete(token);
  };
  ownTokens.add(token);
  try {
    await writeFile(path('waits'), '', { flag: 'wx' });
    await outlastOthers(directory, token);
    // Beside the claim that waits, not in its place: a reader of the folder may miss a name that changes meanwhile.
    await writeFile(path('holds'), '', { flag: 'wx' });
    await rm(path('waits'), { force: true });
  } catch (error) {
    await release();
    throw error;
  }
  return release;
}

async function outlastOthers(directory: string, token: string): Promise<void> {
  const giveUpAtMs = Date.now() + GIVE_WAY_LIMIT_MS;
  for (;;) {
    const others = (await liveClaims(directory)).filter((claim) => claim.token !== token);
    if (others.length === 0) return;
    const winner = others.find(({ holds }) => holds) ?? others.find((claim) => claim.token < token);
    if (winner !== undefined || Date.now() > giveUpAtMs) {
      throw new FolderInUseError(directory, (winner ?? others[0]).processId);
    }
    await sleep(2);
  }
}

async function liveClaims(directory: string): Promise<Claim[]> {
  const claims = (await readdir(directory)).map(parseClaim).filter((claim) => claim !== undefined);
  const dead = claims.filter((claim) => !isOfLivingProcess(claim));
  await Promise.all(dead.map(({ name }) => rm(join(directory, name), { force: true })));
  return claims.filter((claim) => !dead.includes(claim));
}

function parseClaim(name: string): Claim | undefined {
  const [, processId, startedAt, token, state] = CLAIM.exec(name) ?? [];
  if (token === undefined) return undefined;
  return { name, processId: Number(processId), startedAt, token, holds: state === 'holds' };
}

function isOfLivingProcess({ processId, startedAt, token }: Claim): boolean {
  if (processId === process.pid && startedAt === '') return ownTokens.has(token);
  return isAlive({ pid: processId, startedAt });
}
