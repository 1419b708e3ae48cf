/** npm run evaluate: how good models are, on any data that was imported or a plain file of sequences. */
import { allowClosedOutput, endOnUsage } from '@watchnext/command-line';
import { endByFailure } from '@watchnext/config';
import { Command } from 'commander';
import { addCandidateCommand } from './candidates/command';
import { addReportCommand } from './document/command';
import { EXIT_CODES_HELP, exitCode } from './exit-codes';
import { interruption } from './interruption';
import { addOptionsCommand } from './options/command';
import { addPaperCommand } from './paper/command';
import { addRankingCommand } from './ranking/command';
import { addRankingOptionsCommand } from './ranking-options/command';
import { addWarmStartCommand } from './warm-start/command';

allowClosedOutput();

const program = new Command('evaluate')
  .exitOverride(endOnUsage)
  .description('Measures models beside baselines: temporal split or leave-one-out, with intervals.')
  .addHelpText('afterAll', EXIT_CODES_HELP);
addCandidateCommand(program);
addRankingCommand(program);
addWarmStartCommand(program);
addPaperCommand(program);
addOptionsCommand(program);
addRankingOptionsCommand(program);
addReportCommand(program);

program.parseAsync().catch((error: unknown) => {
  const stopped = interruption();
  endByFailure(stopped?.error ?? error, { exitCode: stopped ? () => stopped.exitCode : exitCode });
});
