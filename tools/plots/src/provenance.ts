/** What a report says of where its figures come from, so that they can be judged and repeated. */
import { execFileSync } from 'node:child_process';
import { arch, cpus, platform, release, totalmem } from 'node:os';

export interface Provenance {
  readonly measuredAt: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGiB: number;
    readonly system: string;
    readonly node: string;
  };
  readonly commit: string;
}

/** Of here and now. */
export function provenance(): Provenance {
  return {
    measuredAt: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      system: `${platform()} ${release()} ${arch()}`,
      node: process.version,
    },
    commit: commit(),
  };
}

/** Of the code that runs; "+changes" where some of it is in no commit. Documents are no code: each page that is written changes some. */
export function commit(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '-uno', '--', ':/', ':(top,exclude)docs') ? '+changes' : ''}`;
  } catch {
    return 'unknown';
  }
}
