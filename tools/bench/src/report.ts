import { writeFileSync } from 'node:fs';
import { type Provenance, provenance } from '@watchnext/plots';

export interface BenchReport extends Provenance {
  readonly benchmark: string;
  /** What was measured on: counts, seeds, settings. */
  readonly setting: Record<string, unknown>;
  readonly figures: unknown;
}

/** A report with what is needed to judge and to repeat it. */
export function report(benchmark: string, setting: Record<string, unknown>, figures: unknown): BenchReport {
  return { benchmark, ...provenance(), setting, figures };
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
