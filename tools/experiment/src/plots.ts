/** Plots as inline SVG: no script, no font, nothing to fetch. */
import type { Interval, Look } from '@watchnext/experiments';
import { drawIntervals, escapeXml, type IntervalLabels, roundTicks, tickDigits, withinHtml } from '@watchnext/plots';
import { signedPercent } from './format';

const [WIDTH, HEIGHT] = [640, 240];
const MARGIN = { left: 64, right: 16, top: 16, bottom: 32 };

function finiteRange(values: readonly number[]): Interval | undefined {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return undefined;
  const [low, high] = [Math.min(0, ...finite), Math.max(0, ...finite)];
  const room = 0.06 * (high - low || 0.02);
  return { low: low - room, high: high + room };
}

/** Lifts of a tenth of a percent and less must be told apart too. */
function percentLabels(ticks: readonly number[]): IntervalLabels {
  const digits = tickDigits(ticks, 100);
  return { tick: (lift) => signedPercent(lift, digits), told: (lift) => signedPercent(lift, Math.max(1, digits)) };
}

/**
 * The lift after each day, with what is compatible with it: the wide band holds at every look, the narrow one at a single
 * look. Bands of the first days that would dwarf all others are cut.
 */
export function plotEffect(title: string, looks: readonly Look[], truth?: number): string {
  const shown = looks.map(({ lift, fixedInterval, alwaysValidInterval }, index) => ({
    day: index + 1,
    lift,
    fixedInterval,
    alwaysValidInterval,
  }));
  const known = shown.filter(({ lift, fixedInterval }) => Number.isFinite(lift) && Number.isFinite(fixedInterval.low));
  const newer = known.slice(Math.floor(known.length / 4));
  const range = finiteRange([
    ...known.map(({ lift }) => lift),
    ...newer.flatMap(({ alwaysValidInterval: { low, high } }) => [low, high]),
    ...(truth === undefined ? [] : [truth]),
  ]);
  if (!range) return `<p>${escapeXml(title)}: nothing to plot yet.</p>`;
  const lastDay = Math.max(2, shown.length);
  const x = (day: number) => MARGIN.left + ((day - 1) / (lastDay - 1)) * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (value: number) => {
    const clipped = Math.min(range.high, Math.max(range.low, value));
    return MARGIN.top + ((range.high - clipped) / (range.high - range.low)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  };
  const point = (day: number, value: number) => `${x(day).toFixed(1)},${y(value).toFixed(1)}`;
  const band = (name: string, of: (one: (typeof known)[number]) => Interval) =>
    `<polygon class="${name}" points="${[
      ...known.map((one) => point(one.day, of(one).high)),
      ...[...known].reverse().map((one) => point(one.day, of(one).low)),
    ].join(' ')}"/>`;
  const across = (name: string, value: number) =>
    `<line class="${name}" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}"/>`;
  const label = (text: string, left: number, top: number, anchor: string) =>
    `<text x="${left.toFixed(1)}" y="${top.toFixed(1)}" text-anchor="${anchor}">${escapeXml(text)}</text>`;
  const liftTicks = roundTicks(range.low, range.high, 5);
  const { told } = percentLabels(liftTicks);
  const dayTicks = roundTicks(1, lastDay, 8).filter((day) => Number.isInteger(day) && day >= 1);
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeXml(`${title}: lift by day`)}">
${liftTicks.map((value) => across('grid', value) + label(told(value), MARGIN.left - 6, y(value) + 4, 'end')).join('\n')}
${dayTicks.map((day) => label(`day ${day}`, x(day), HEIGHT - 10, 'middle')).join('\n')}
${band('always', (one) => one.alwaysValidInterval)}
${band('once', (one) => one.fixedInterval)}
${across('zero', 0)}
${truth === undefined ? '' : across('truth', truth)}
<polyline class="lift" points="${known.map((one) => point(one.day, one.lift)).join(' ')}"/>
${known.map((one) => `<circle class="dot" cx="${x(one.day).toFixed(1)}" cy="${y(one.lift).toFixed(1)}" r="2.5"><title>${escapeXml(`day ${one.day}: ${told(one.lift)} (${told(one.alwaysValidInterval.low)} to ${told(one.alwaysValidInterval.high)} at every look)`)}</title></circle>`).join('\n')}
</svg>`;
}

export interface ForestRow {
  readonly label: string;
  readonly lift: number;
  readonly interval: Interval;
}

/** One line for each row: a lift and its interval. */
export function plotForest(title: string, rows: readonly ForestRow[]): string {
  const lifts = rows.map(({ label, lift, interval }) => ({ label, value: lift, ...interval }));
  return withinHtml(drawIntervals(title, lifts, { labels: percentLabels }));
}

/** Presentation that stands inside the SVG too, so that a plot taken out of its page still looks right. */
export const PLOT_STYLE = `
svg { width: 100%; max-width: 720px; height: auto; display: block; background: #fff; }
svg text { font: 11px system-ui, sans-serif; fill: #555; }
.grid { stroke: #e4e4e4; } .zero { stroke: #333; } .truth { stroke: #c0392b; stroke-dasharray: 6 4; }
.always { fill: #cfe0f5; } .once { fill: #93b8e6; } .lift { fill: none; stroke: #1b4f91; stroke-width: 2; }
.dot { fill: #1b4f91; }`;

/** A plot as a file of its own. */
export const standalone = (svg: string): string =>
  svg.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ').replace('>', `>\n<style>${PLOT_STYLE}</style>`);
