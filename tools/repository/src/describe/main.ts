#!/usr/bin/env node
/** npm run describe */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allowClosedOutput, endOnUsage } from '@watchnext/command-line';
import { Command } from 'commander';
import { madeDocuments } from './documents';
import { ROOT } from './sources';

allowClosedOutput();

const program = new Command('describe')
  .description(
    'Writes anew what is made from code: the tables in the READMEs of apps, docs/settings.md, docs/metrics.md and docs/experiments.md, the index of decisions, and the names of settings in known-names.ts.',
  )
  .option('--check', 'write nothing; exit with 1 if a table is not what the code says', false)
  .allowExcessArguments(false)
  .exitOverride(endOnUsage)
  .parse();

try {
  const outdated = madeDocuments().filter(({ found, wanted }) => found !== wanted);
  for (const { path, wanted } of outdated) {
    process.stdout.write(`${path}\n`);
    if (!program.opts<{ check: boolean }>().check) writeFileSync(join(ROOT, path), wanted);
  }
  if (program.opts<{ check: boolean }>().check && outdated.length > 0) {
    process.stderr.write('not what the code says: run npm run describe\n');
    process.exitCode = 1;
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
