/** npm run paper: the paper's findings on the simulated world and on KuaiRand. */
import type { Command } from 'commander';
import { findingsOn, PARTS } from './findings';
import { addPageCommand } from './page';

export function addPaperCommand(program: Command): void {
  addPageCommand(program, {
    name: 'paper',
    description: "the paper's findings on the simulated world and on KuaiRand: does each ordering hold?",
    title: "The paper's findings, repeated",
    introduction:
      '`npm run paper -- --kuairand DIR` writes this page: what Covington, Adams and Sargin found (RecSys 2016), tried on a simulated world ' +
      'and on a real log, with towers scaled to the data. Each form is trained with each seed on the same rows and measured on the days after them ' +
      '(Fig. 4: on users set aside).',
    markdown: 'docs/paper-results.md',
    parts: PARTS,
    findingsOn,
    logs: ['small', 'kuairand'],
    withWatchTimes: false,
  });
}
