/** Plots as SVG, and self-contained pages and Markdown that hold them. */
export { type Chart, type ChartPoint, drawChart, type Series } from './chart';
export { chartGrid } from './grid';
export { type IntervalLabels, type IntervalRow, drawIntervals } from './intervals';
export { escapeXml, FONT, INK, roundTicks, seriesColour, tickDigits, tidy, withinHtml } from './svg';
export { commit, type Provenance, provenance } from './provenance';
export { type DocumentPart, renderHtmlDocument, renderMarkdownDocument, type ReportDocument } from './document';
