/** npm run evaluate -- options: forms of the candidate model that are off by default, beside the default. */
import type { Command } from 'commander';
import { addPageCommand } from '../paper/page';
import { OPTION_PARTS, optionFindingsOn } from './findings';

export function addOptionsCommand(program: Command): void {
  addPageCommand(program, {
    name: 'options',
    description: "the candidate model's options beyond the paper, each beside the default: does any pay?",
    title: "The candidate model's options",
    introduction:
      '`npm run evaluate -- options --kuairand DIR --movietweetings DIR` writes this page: what may be changed in the candidate model beyond the paper, ' +
      'each beside the default form, on a simulated world and two real logs. Each form is trained with each seed on the same rows, and every tenth user is ' +
      'set aside to say when to stop; measured is on the days after them, on MovieTweetings on the last watch of each user.',
    markdown: 'docs/candidate-options.md',
    parts: OPTION_PARTS,
    findingsOn: optionFindingsOn,
    logs: ['small', 'kuairand', 'movietweetings'],
    withWatchTimes: true,
  });
}
