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
      'and on a real log. Each form is trained with each seed on the same rows and measured on the days after them ' +
      '(Fig. 4: on users set aside). All of both logs is used. Scaled to them are the models: the candidate tower is one layer of 128 units, and ends with 64 ' +
      'where its depth is compared (the paper: 256), ranking towers are an eighth as wide, embeddings have 32 or 64 dimensions where the paper has 256, and a candidate training ' +
      'ends two to six epochs after its best by recall on a tenth of the users, after 6 to 24 at most, by the size of the log. A ranking training is one, without calibration, and as many ' +
      'epochs as for any log of the size. Nothing is chosen on the days that are measured on.',
    markdown: 'docs/paper-results.md',
    parts: PARTS,
    findingsOn,
    logs: ['small', 'kuairand'],
    seeds: [1, 2, 3, 4, 5],
    asks: 'test',
    withWatchTimes: false,
  });
}
