/** One chart: lines, bars or dots over a linear, logarithmic or named axis, with whiskers where there are intervals. */
import { at, escapeXml, INK, picture, roundRange, roundTicks, seriesColour, svgText, textWidth, tidy } from './svg';

export interface ChartPoint {
  /** On a named axis the index of the name. */
  readonly x: number;
  readonly y: number;
  /** Whiskers. */
  readonly low?: number;
  readonly high?: number;
  /** What a pointer that rests on it is told; default: the numbers. */
  readonly label?: string;
}

export interface Series {
  readonly name: string;
  readonly points: readonly ChartPoint[];
  readonly kind?: 'line' | 'bars' | 'dots';
  readonly dashed?: boolean;
  /** Default: the next of the palette. */
  readonly colour?: string;
}

export interface Chart {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
  /** Names along the x axis instead of numbers. */
  readonly names?: readonly string[];
  readonly xScale?: 'linear' | 'log';
  /** Places of ticks; default: round numbers. */
  readonly xTicks?: readonly (readonly [place: number, label: string])[];
  /** Ends of the y axis; default: round numbers around the points. */
  readonly yRange?: readonly [number, number];
  /** Whether the y axis begins at 0 at the latest; default true. */
  readonly fromZero?: boolean;
  readonly yLabel?: (value: number) => string;
  /** A level to compare with. */
  readonly reference?: { readonly y: number; readonly label: string };
  readonly width?: number;
  readonly height?: number;
}

const [WIDTH, HEIGHT] = [500, 310];
const MARGIN = { left: 64, right: 20, top: 34, bottom: 48 };
const LEGEND_ROW = 18;
const MOST_DOTS = 30;
/** Between two lines of names. */
const STAGGER = 13;

export function drawChart(chart: Chart): string {
  const { width, height, body } = chartBody(chart);
  return picture(width, height, chart.title, body);
}

/** The inside of the picture, for putting several into one. */
export function chartBody(chart: Chart): { width: number; height: number; body: string[] } {
  const { title, series, width = WIDTH, height = HEIGHT } = chart;
  const legend = series.length > 1 ? legendRows(series, width - MARGIN.left - MARGIN.right) : [];
  const top = MARGIN.top + legend.length * LEGEND_ROW + (legend.length > 0 ? 4 : 0);
  const frame: Frame = {
    left: leftMargin(chart),
    right: width - MARGIN.right,
    top,
    bottom: height - MARGIN.bottom - (isStaggered(chart, width) ? STAGGER : 0),
  };
  const body = [svgText(frame.left, 20, title, { size: 13, bold: true })];
  legend.forEach((row, i) => body.push(...drawLegendRow(row, frame.left, MARGIN.top + i * LEGEND_ROW + 6)));
  if (pointsOf(chart).length === 0) {
    body.push(
      svgText((frame.left + frame.right) / 2, (top + frame.bottom) / 2, 'nothing to show', {
        anchor: 'middle',
        colour: INK.quiet,
      }),
    );
    return { width, height, body };
  }
  const across = xPlaces(chart, frame);
  const up = yPlaces(chart, frame);
  body.push(...yAxis(chart, frame, up, height), ...xAxis(chart, frame, across, height), ...reference(chart, frame, up));
  const barCount = series.filter(({ kind }) => kind === 'bars').length;
  let bar = 0;
  series.forEach((one, index) => {
    const colour = one.colour ?? seriesColour(index);
    if (one.kind === 'bars') body.push(...bars(one, colour, bar++, barCount, frame, across, up));
    else body.push(...line(one, colour, across.place, up.place, chart));
  });
  return { width, height, body };
}

interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

interface Axis {
  readonly place: (value: number) => number;
  readonly ticks: readonly (readonly [number, string])[];
}

interface XAxis extends Axis {
  /** Room of one point. */
  readonly slot: number;
}

const pointsOf = ({ series }: Chart) =>
  series.flatMap(({ points }) => points).filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));

/** Wide enough for the labels of the y axis and its name. */
function leftMargin(chart: Chart): number {
  if (pointsOf(chart).length === 0) return MARGIN.left;
  const labels = yTicks(chart).ticks.map(([, label]) => textWidth(label, 11));
  return Math.max(MARGIN.left - 12, Math.max(...labels) + 36);
}

function yTicks(chart: Chart) {
  const { fromZero = true, yLabel = tidy, yRange } = chart;
  const values = pointsOf(chart).flatMap(({ y, low = y, high = y }) => [y, low, high].filter(Number.isFinite));
  if (chart.reference) values.push(chart.reference.y);
  if (fromZero) values.push(0);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const [from, to] = yRange ?? roundRange(least, most > least ? most : least + 1, 5);
  return { from, to, ticks: roundTicks(from, to, yRange ? 6 : 5).map((value) => [value, yLabel(value)] as const) };
}

function yPlaces(chart: Chart, { top, bottom }: Frame): Axis {
  const { from, to, ticks } = yTicks(chart);
  const place = (value: number) =>
    bottom - ((Math.min(Math.max(value, from), to) - from) / (to - from)) * (bottom - top);
  return { place, ticks };
}

function xPlaces(chart: Chart, { left, right }: Frame): XAxis {
  const { names, xScale, xTicks } = chart;
  if (names) {
    const slot = (right - left) / names.length;
    return { slot, place: (index) => left + (index + 0.5) * slot, ticks: names.map((name, i) => [i, name]) };
  }
  const xs = pointsOf(chart).map(({ x }) => x);
  const bare = xScale === 'log' ? Math.log10 : (value: number) => value;
  const ends = [
    Math.min(...xs, ...(xTicks ?? []).map(([x]) => x)),
    Math.max(...xs, ...(xTicks ?? []).map(([x]) => x)),
  ].map(bare);
  const pad = chart.series.some(({ kind }) => kind === 'bars')
    ? (ends[1] - ends[0]) / (2 * Math.max(1, new Set(xs).size - 1))
    : 0;
  const [from, to] = ends[1] > ends[0] ? [ends[0] - pad, ends[1] + pad] : [ends[0] - 0.5, ends[0] + 0.5];
  const place = (value: number) => left + ((bare(value) - from) / (to - from)) * (right - left);
  const ticks =
    xTicks ??
    (xScale === 'log' ? logTicks(from, to) : roundTicks(from, to, 7)).map((value) => [value, tidy(value)] as const);
  return { place, ticks, slot: (right - left) / Math.max(1, new Set(xs).size) };
}

/** Names that would run into each other stand on two lines in turn. */
function isStaggered({ names }: Chart, width: number): boolean {
  if (!names) return false;
  const slot = (width - MARGIN.left - MARGIN.right) / names.length;
  return Math.max(...names.map((name) => textWidth(name, 11))) > slot - 4;
}

function logTicks(from: number, to: number): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(from); power <= to; power++)
    for (const factor of to - from > 2 ? [1] : [1, 2, 5]) {
      const value = factor * 10 ** power;
      if (Math.log10(value) >= from - 1e-9 && Math.log10(value) <= to + 1e-9) ticks.push(value);
    }
  return ticks;
}

function yAxis(chart: Chart, { left, right, top, bottom }: Frame, { place, ticks }: Axis, height: number): string[] {
  return [
    ...ticks.flatMap(([value, label]) => [
      `<path d="M${at(left)} ${at(place(value))}H${at(right)}" stroke="${value === 0 ? INK.axis : INK.grid}"/>`,
      svgText(left - 8, place(value) + 4, label, { anchor: 'end', size: 11, colour: INK.quiet }),
    ]),
    svgText(14, Math.min((top + bottom) / 2, height / 2 + 20), chart.y, {
      anchor: 'middle',
      size: 11,
      colour: INK.quiet,
      turned: true,
    }),
  ];
}

function xAxis(chart: Chart, { left, right, bottom }: Frame, { place, ticks }: XAxis, height: number): string[] {
  const staggered = isStaggered(chart, chart.width ?? WIDTH);
  return [
    `<path d="M${at(left)} ${at(bottom)}H${at(right)}" stroke="${INK.axis}"/>`,
    ...ticks.flatMap(([value, label], i) => [
      `<path d="M${at(place(value))} ${at(bottom)}v4" stroke="${INK.axis}"/>`,
      svgText(place(value), bottom + 17 + (staggered && i % 2 === 1 ? STAGGER : 0), label, {
        anchor: 'middle',
        size: 11,
        colour: INK.quiet,
      }),
    ]),
    svgText((left + right) / 2, height - 8, chart.x, { anchor: 'middle', size: 11, colour: INK.quiet }),
  ];
}

function reference({ reference: level }: Chart, { left, right }: Frame, { place }: Axis): string[] {
  if (!level) return [];
  return [
    `<path d="M${at(left)} ${at(place(level.y))}H${at(right)}" stroke="${INK.quiet}" stroke-dasharray="5 4"/>`,
    svgText(right - 2, place(level.y) - 5, level.label, { anchor: 'end', size: 11, colour: INK.quiet }),
  ];
}

function line(
  { name, points, kind = 'line', dashed }: Series,
  colour: string,
  across: Axis['place'],
  up: Axis['place'],
  { yLabel = tidy, names }: Chart,
): string[] {
  const known = points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const parts: string[] = [];
  const whiskers = known.filter(({ low, high }) => Number.isFinite(low) && Number.isFinite(high));
  if (kind === 'line') {
    if (whiskers.length > MOST_DOTS) {
      const band = [
        ...whiskers.map(({ x, high }) => [x, high!]),
        ...[...whiskers].reverse().map(({ x, low }) => [x, low!]),
      ];
      parts.push(`<path d="${pathOf(band, across, up)}Z" fill="${colour}" opacity="0.15"/>`);
    }
    const path = pathOf(
      known.map(({ x, y }) => [x, y]),
      across,
      up,
    );
    parts.push(
      `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round"${dashed ? ' stroke-dasharray="6 4"' : ''}/>`,
    );
  }
  if (known.length > MOST_DOTS) return parts;
  for (const { x, low, high } of whiskers)
    parts.push(
      `<path d="M${at(across(x))} ${at(up(low!))}V${at(up(high!))}" stroke="${colour}" stroke-width="1.5" opacity="0.7"/>`,
    );
  for (const { x, y, label } of known) {
    const told = label ?? `${name}, ${names?.[x] ?? tidy(x)}: ${yLabel(y)}`;
    parts.push(
      `<circle cx="${at(across(x))}" cy="${at(up(y))}" r="${kind === 'dots' ? 4 : 3}" fill="${colour}"><title>${escapeXml(told)}</title></circle>`,
    );
  }
  return parts;
}

const pathOf = (points: readonly (readonly number[])[], across: Axis['place'], up: Axis['place']) =>
  points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${at(across(x))} ${at(up(y))}`).join('');

function bars(
  { name, points }: Series,
  colour: string,
  index: number,
  count: number,
  { bottom }: Frame,
  { place, slot, ticks }: XAxis,
  up: Axis,
): string[] {
  const width = (0.76 * slot) / count;
  const zero = Math.min(up.place(0), bottom);
  return points
    .filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))
    .flatMap(({ x, y, low, high, label }) => {
      const left = place(x) + (index - count / 2) * width;
      const [top, foot] = [Math.min(up.place(y), zero), Math.max(up.place(y), zero)];
      const told = label ?? `${name}, ${ticks.find(([value]) => value === x)?.[1] ?? tidy(x)}: ${tidy(y)}`;
      const parts = [
        `<rect x="${at(left)}" y="${at(top)}" width="${at(Math.max(1, width - 1))}" height="${at(foot - top)}" fill="${colour}"><title>${escapeXml(told)}</title></rect>`,
      ];
      if (Number.isFinite(low) && Number.isFinite(high))
        parts.push(
          `<path d="M${at(left + width / 2)} ${at(up.place(low!))}V${at(up.place(high!))}" stroke="${INK.text}" stroke-width="1.2" opacity="0.65"/>`,
        );
      return parts;
    });
}

type LegendEntry = { readonly name: string; readonly colour: string; readonly dashed: boolean; readonly x: number };

/** Entries side by side, in as many rows as the width asks for. */
function legendRows(series: readonly Series[], width: number): LegendEntry[][] {
  const rows: LegendEntry[][] = [];
  let x = Infinity;
  series.forEach(({ name, colour, dashed = false }, index) => {
    const wide = 26 + textWidth(name, 11.5) + 12;
    if (x + wide > width) {
      rows.push([]);
      x = 0;
    }
    rows.at(-1)!.push({ name, colour: colour ?? seriesColour(index), dashed, x });
    x += wide;
  });
  return rows;
}

function drawLegendRow(row: readonly LegendEntry[], left: number, y: number): string[] {
  return row.flatMap(({ name, colour, dashed, x }) => [
    `<path d="M${at(left + x)} ${at(y)}h18" stroke="${colour}" stroke-width="4"${dashed ? ' stroke-dasharray="5 3"' : ''}/>`,
    svgText(left + x + 24, y + 4, name, { size: 11.5 }),
  ]);
}
