/** A line for each row: a value and its interval, beside a level that stands for "no difference". */
import { at, INK, picture, roundTicks, seriesColour, svgText, textWidth, tidy } from './svg';

export interface IntervalRow {
  readonly label: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface IntervalLabels {
  /** Along the axis. */
  readonly tick: (value: number) => string;
  /** What a pointer that rests on a row is told. */
  readonly told: (value: number) => string;
}

const WIDTH = 640;
const ROW_HEIGHT = 24;
const TOP = 36;

/**
 * @param options `labels` is given the ticks, so that it can tell them apart; default: as many digits as one reads
 * @returns '' where no row has a finite interval
 */
export function drawIntervals(
  title: string,
  rows: readonly IntervalRow[],
  options: { readonly labels?: (ticks: readonly number[]) => IntervalLabels; readonly x?: string } = {},
): string {
  const { labels = () => ({ tick: tidy, told: tidy }), x: axis } = options;
  const known = rows.filter(({ low, high }) => Number.isFinite(low) && Number.isFinite(high));
  if (known.length === 0) return '';
  const ends = known.flatMap(({ low, high }) => [low, high]);
  const room = 0.06 * (Math.max(0, ...ends) - Math.min(0, ...ends) || 0.02);
  const [from, to] = [Math.min(0, ...ends) - room, Math.max(0, ...ends) + room];
  const left = 24 + Math.max(...known.map((row) => textWidth(row.label)));
  const place = (value: number) => left + ((value - from) / (to - from)) * (WIDTH - left - 24);
  const bottom = TOP + ROW_HEIGHT * known.length;
  const body = [svgText(16, 20, title, { size: 13, bold: true })];
  const ticks = roundTicks(from, to, 6);
  const { tick: label, told } = labels(ticks);
  for (const tick of ticks)
    body.push(
      `<path d="M${at(place(tick))} ${TOP - 6}V${bottom}" stroke="${Math.abs(tick) < 1e-12 ? INK.axis : INK.grid}"/>`,
      svgText(place(tick), bottom + 16, label(tick), { anchor: 'middle', size: 11, colour: INK.quiet }),
    );
  known.forEach((row, i) => {
    const y = TOP + ROW_HEIGHT * (i + 0.5) - 3;
    body.push(
      svgText(left - 10, y + 4, row.label, { anchor: 'end' }),
      `<path d="M${at(place(row.low))} ${at(y)}H${at(place(row.high))}" stroke="${seriesColour(0)}" stroke-width="2.5"/>`,
      `<circle cx="${at(place(row.value))}" cy="${at(y)}" r="4" fill="${seriesColour(0)}"><title>${told(row.value)} (${told(row.low)} to ${told(row.high)})</title></circle>`,
    );
  });
  if (axis) body.push(svgText(WIDTH / 2, bottom + 34, axis, { anchor: 'middle', size: 11, colour: INK.quiet }));
  return picture(WIDTH, bottom + (axis ? 42 : 26), title, body);
}
