import { type Command, InvalidArgumentError } from 'commander';
import { markdownFile } from '../command-arguments';
import { writeMarkdown } from '../document/evaluation';
import { readReport } from '../report';
import { type NamedReport, rankingOptionsDocument } from './document';

/** @throws InvalidArgumentError for what is no NAME=FILE, or a file that `--json` did not write */
export function readNamed(argument: string, before: readonly NamedReport[] = []): NamedReport[] {
  const [name, file] = argument.split(/=(.*)/s);
  if (!name || !file) throw new InvalidArgumentError('a name and a file, as KuaiRand-Pure=FILE');
  try {
    return [...before, { name, report: readReport(file) }];
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

export function addRankingOptionsCommand(program: Command): void {
  program
    .command('ranking-options')
    .description("a page of the ranking model's options: of what --json of ranking --compare and of warm-start wrote")
    .argument('<name=file...>', "reports, each with its log's name", readNamed)
    .requiredOption(
      '--markdown <file>',
      'what is written; the page of the project is docs/ranking-options.md',
      markdownFile,
    )
    .action((reports: readonly NamedReport[], { markdown }: { markdown: string }) => {
      writeMarkdown(rankingOptionsDocument(reports), markdown);
      console.log(`written to ${markdown}`);
    });
}
