/** One document of all that some evaluations found. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type DocumentPart, renderHtmlDocument, renderMarkdownDocument, type ReportDocument } from '@watchnext/plots';
import { findingParts, summaryTable } from '../paper/document';
import { EvaluationDataError } from '../data/watch-data';
import { type EvaluationReport, readReport, writeReport } from '../report';
import { candidateParts } from './candidates';
import { rankingParts } from './ranking';

const HALVES = ['candidates', 'ranking', 'paper'] as const;

/**
 * What `--json` wrote into files, each with a part of the page that no other has.
 *
 * @throws EvaluationDataError naming a file that cannot be read, two with the same part, or one with none
 */
export function readReports(files: readonly string[]): EvaluationReport[] {
  const fileOf = new Map<(typeof HALVES)[number], string>();
  return files.map((file) => {
    const report = readReport(file);
    const held = HALVES.filter((half) => report[half] !== undefined);
    if (held.length === 0)
      throw new EvaluationDataError(
        `${file} has nothing of ${HALVES.join(', ')}` +
          (report.warmStart ? '; what warm-start wrote is shown by ranking-options' : ''),
      );
    for (const half of held) {
      const other = fileOf.get(half);
      if (other !== undefined)
        throw new EvaluationDataError(`both ${other} and ${file} have ${half}: a page shows one; make a page of each`);
      fileOf.set(half, file);
    }
    return report;
  });
}

/** @param reports at most one of each half */
export function evaluationDocument(reports: readonly EvaluationReport[]): ReportDocument {
  const half = <Name extends (typeof HALVES)[number]>(name: Name) =>
    reports.map((report) => report[name]).find((one) => one !== undefined);
  const [candidates, ranking, paper] = [half('candidates'), half('ranking'), half('paper')];
  return {
    title: 'Evaluation',
    parts: [
      ...reports.map(({ command, commit, measuredAt, machine }): DocumentPart => ({
        kind: 'text',
        text: `\`npm run evaluate -- ${command.join(' ')}\`: commit ${commit}, ${measuredAt.slice(0, 10)}, ${machine.cores} cores of ${machine.cpu}, Node ${machine.node.slice(1)}.`,
      })),
      ...(candidates ? candidateParts(candidates) : []),
      ...(ranking ? rankingParts(ranking) : []),
      ...(paper
        ? [
            { kind: 'heading', level: 2, text: "The paper's findings" } as const,
            summaryTable(paper),
            ...findingParts(paper),
          ]
        : []),
    ],
  };
}

/** `report.html`, which stands alone, and `report.md` with its figures in a folder beside it. */
export function writeReportFolder(document: ReportDocument, folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'report.html'), renderHtmlDocument(document));
  writeMarkdown(document, join(folder, 'report.md'));
}

/** Markdown, and its figures in the folder "figures" beside it. */
export function writeMarkdown(document: ReportDocument, file: string): void {
  const figureFolder = join(dirname(file), 'figures');
  mkdirSync(figureFolder, { recursive: true });
  for (const part of document.parts)
    if (part.kind === 'figure') writeFileSync(join(figureFolder, `${part.name}.svg`), part.svg);
  writeFileSync(file, renderMarkdownDocument(document, relative(dirname(file), figureFolder)));
}

/** What `--json` and `--report` of a command ask for: the pages also where the JSON cannot be written, as hours of training stand behind both. */
export function writeOutputs(
  report: EvaluationReport,
  outputs: { readonly json?: string; readonly report?: string },
): void {
  try {
    if (outputs.json !== undefined) {
      writeReport(outputs.json, report);
      console.log(`\nwritten to ${outputs.json}`);
    }
  } finally {
    if (outputs.report !== undefined) {
      writeReportFolder(evaluationDocument([report]), outputs.report);
      console.log(`\nwritten to ${join(outputs.report, 'report.html')}`);
    }
  }
}
