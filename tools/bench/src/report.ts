import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';

export interface BenchReport {
  readonly benchmark: string;
  readonly measuredAt: string;
  readonly machine: Record<string, string | number>;
  readonly commit: string;
  /** What was measured on: counts, seeds, settings. */
  readonly setting: Record<string, unknown>;
  readonly figures: unknown;
}

/** A report with what is needed to judge and to repeat it. */
export function report(benchmark: string, setting: Record<string, unknown>, figures: unknown): BenchReport {
  return {
    benchmark,
    measuredAt: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      system: `${platform()} ${release()} ${arch()}`,
      node: process.version,
    },
    commit: commit(),
    setting,
    figures,
  };
}

/** Prints the machine and setting above the text, and writes the whole as JSON where a file is given. */
export function publish(result: BenchReport, text: string, jsonFile: string | undefined): void {
  const { cpu, cores, memoryGiB, node } = result.machine;
  console.log(`${result.benchmark}: ${cores} × ${cpu}, ${memoryGiB} GiB, Node ${node}, commit ${result.commit}`);
  console.log(`setting: ${JSON.stringify(result.setting)}\n`);
  console.log(text);
  if (jsonFile !== undefined) {
    writeFileSync(jsonFile, `${JSON.stringify(result, null, 2)}\n`);
    console.log(`\nwritten to ${jsonFile}`);
  }
}

function commit(): string {
  try {
    const run = (...args: string[]) =>
      execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return `${run('rev-parse', '--short', 'HEAD')}${run('status', '--porcelain', '-uno') ? '+changes' : ''}`;
  } catch {
    return 'unknown';
  }
}
