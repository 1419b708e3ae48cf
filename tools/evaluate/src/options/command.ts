/** npm run evaluate -- options: forms of the candidate model that are off by default, beside the default. */
import type { Command } from 'commander';
import { addPageCommand, type Page } from '../paper/page';
import { OPTION_PARTS, optionFindingsOn } from './findings';

export const OPTIONS_PAGE: Page = {
  name: 'options',
  description: "the candidate model's options beyond the paper, each beside the default: does any pay?",
  title: "The candidate model's options",
  introduction:
    '`npm run evaluate -- options --kuairand DIR --movietweetings DIR` writes this page: what may be changed in the candidate model beyond the paper, ' +
    'each beside the default form with random initial weights, on a simulated world and on those of two real logs that are named; a dash stands where a form was not trained. Each form is ' +
    'trained with each seed on the same rows, and every tenth user is set aside to say when to stop. Defaults are chosen by this page, so it asks about the validation ' +
    'days, which come after those rows and before the test days (on MovieTweetings about the last watch but one of each user); nothing of the test part is looked at.',
  markdown: 'docs/candidate-options.md',
  parts: OPTION_PARTS,
  findingsOn: optionFindingsOn,
  logs: ['small', 'kuairand', 'movietweetings'],
  seeds: [1, 2, 3],
  asks: 'validation',
  withWatchTimes: true,
};

export function addOptionsCommand(program: Command): void {
  addPageCommand(program, OPTIONS_PAGE);
}
