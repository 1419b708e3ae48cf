/** One report, written twice: as a page that can be mailed, with nothing to fetch, and as Markdown beside SVG files. */
import { escapeXml, FONT, withinHtml } from './svg';

export type DocumentPart =
  | { readonly kind: 'heading'; readonly level: 2 | 3; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'table'; readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] }
  /** `name` becomes the file's, without ending. */
  | { readonly kind: 'figure'; readonly name: string; readonly svg: string; readonly caption: string };

export interface ReportDocument {
  readonly title: string;
  readonly parts: readonly DocumentPart[];
}

const STYLE = `
:root { color-scheme: light; }
body { font: 15px/1.55 ${FONT}; color: #2b2f36; background: #f6f7f9; margin: 0; }
main { max-width: 68rem; margin: 0 auto; padding: 2rem 1.5rem 4rem; background: #fff; min-height: 100vh; box-sizing: border-box; }
h1 { font-size: 1.7rem; margin: 0 0 .4rem; } h2 { margin: 2.6rem 0 .6rem; padding-top: 1rem; border-top: 1px solid #e7e9ec; font-size: 1.3rem; }
h3 { margin: 1.6rem 0 .4rem; font-size: 1.05rem; } p { max-width: 48rem; }
.table { overflow-x: auto; } table { border-collapse: collapse; font-size: 13.5px; margin: .6rem 0 1.2rem; }
td, th { padding: .3rem .8rem .3rem 0; text-align: right; border-bottom: 1px solid #eef0f2; font-variant-numeric: tabular-nums; white-space: nowrap; }
td:first-child, th:first-child { text-align: left; } th { font-weight: 600; color: #5d6570; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem 1.5rem; } figure { margin: 0; max-width: 100%; } figure svg { max-width: 100%; height: auto; display: block; }
figcaption { color: #5d6570; font-size: 13.5px; max-width: 34rem; margin: .2rem 0 .8rem; }`;

export function renderHtmlDocument({ title, parts }: ReportDocument): string {
  const body: string[] = [];
  parts.forEach((part, i) => {
    const isFigure = part.kind === 'figure';
    if (isFigure && parts[i - 1]?.kind !== 'figure') body.push('<div class="figures">');
    body.push(htmlOf(part));
    if (isFigure && parts[i + 1]?.kind !== 'figure') body.push('</div>');
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>${STYLE}</style>
</head>
<body><main>
<h1>${escapeXml(title)}</h1>
${body.join('\n')}
</main></body>
</html>
`;
}

function htmlOf(part: DocumentPart): string {
  switch (part.kind) {
    case 'heading':
      return `<h${part.level}>${escapeXml(part.text)}</h${part.level}>`;
    case 'text':
      return `<p>${inline(escapeXml(part.text))}</p>`;
    case 'table': {
      const row = (cells: readonly string[], tag: string) =>
        `<tr>${cells.map((cell) => `<${tag}>${inline(escapeXml(cell))}</${tag}>`).join('')}</tr>`;
      const rows = part.rows.map((cells) => row(cells, 'td')).join('\n');
      return `<div class="table"><table><thead>${row(part.header, 'th')}</thead><tbody>\n${rows}\n</tbody></table></div>`;
    }
    case 'figure':
      return `<figure>${withinHtml(part.svg)}<figcaption>${escapeXml(part.caption)}</figcaption></figure>`;
  }
}

/** What Markdown marks inside a line: **strong** and \`code\`. */
const inline = (html: string) =>
  html.replace(/\*\*(.+?)\*\*/g, '<strong>$1</strong>').replace(/`(.+?)`/g, '<code>$1</code>');

/** @param figureFolder path from the Markdown file to the figures */
export function renderMarkdownDocument({ title, parts }: ReportDocument, figureFolder: string): string {
  return `${[`# ${title}`, ...parts.map((part) => markdownOf(part, figureFolder))].join('\n\n')}\n`;
}

function markdownOf(part: DocumentPart, figureFolder: string): string {
  switch (part.kind) {
    case 'heading':
      return `${'#'.repeat(part.level)} ${part.text}`;
    case 'text':
      return part.text;
    case 'table': {
      const row = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
      const rule = `| ${part.header.map(() => '---').join(' | ')} |`;
      return [row(part.header), rule, ...part.rows.map(row)].join('\n');
    }
    case 'figure':
      return `![${part.caption.replace(/[[\]]/g, '')}](${figureFolder}/${part.name}.svg)`;
  }
}
