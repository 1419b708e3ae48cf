/** npm run evaluate: how good models are, on any data that was imported or a plain file of sequences. */
import { endOnUsage } from '@watchnext/command-line';
import { Command } from 'commander';
import { addCandidateCommand } from './candidates/command';
import { addReportCommand } from './document/command';
import { addOptionsCommand } from './options/command';
import { addPaperCommand } from './paper/command';
import { addRankingCommand } from './ranking/command';
import { addRankingOptionsCommand } from './ranking-options/command';
import { addWarmStartCommand } from './warm-start/command';

const program = new Command('evaluate')
  .exitOverride(endOnUsage)
  .description('Measures models beside baselines: temporal split or leave-one-out, with intervals.');
addCandidateCommand(program);
addRankingCommand(program);
addWarmStartCommand(program);
addPaperCommand(program);
addOptionsCommand(program);
addRankingOptionsCommand(program);
addReportCommand(program);

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
