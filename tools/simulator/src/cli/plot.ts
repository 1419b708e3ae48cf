/** The statistics of a world as one SVG, beside those of a real log. */
import type { WorldStatistics } from '../statistics';

export interface PlottedLog {
  readonly name: string;
  readonly statistics: WorldStatistics;
}

interface Panel {
  readonly title: string;
  readonly x: string;
  readonly xTicks: readonly (readonly [number, string])[];
  readonly yMax: number;
  readonly yLabel: (value: number) => string;
  /** By log: points of x and y in [0, 1] × [0, yMax]; a line for each, or bars. */
  readonly series: readonly (readonly (readonly [number, number])[])[];
  readonly bars?: boolean;
}

const WIDTH = 420;
const HEIGHT = 260;
const MARGIN = { left: 54, right: 14, top: 34, bottom: 44 };
const COLOURS = ['#1f6f8b', '#d1603d'];

/** @param logs the world first, then a real log if there is one */
export function plotStatistics(logs: readonly PlottedLog[]): string {
  const panels = [popularityByAge(logs[0]), shareWatched(logs), concentration(logs), explained(logs)];
  const body = panels.map(
    (panel, i) => `<g transform="translate(${(i % 2) * WIDTH},${40 + Math.floor(i / 2) * HEIGHT})">${draw(panel)}</g>`,
  );
  const legend = logs.map(
    ({ name }, i) =>
      `<rect x="${MARGIN.left + 230 * i}" y="14" width="12" height="12" fill="${COLOURS[i]}"/>` +
      `<text x="${MARGIN.left + 18 + 230 * i}" y="24">${escape(name)}</text>`,
  );
  const size = `width="${2 * WIDTH}" height="${40 + 2 * HEIGHT}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 ${2 * WIDTH} ${40 + 2 * HEIGHT}" font-family="sans-serif" font-size="12">`,
    '<rect width="100%" height="100%" fill="white"/>',
    ...legend,
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

function popularityByAge({ statistics }: PlottedLog): Panel {
  const rates = statistics.popularityByAge;
  return {
    title: 'Watches of a video by its age, first day = 1',
    x: 'days since the upload',
    xTicks: [0, 10, 20, 30].map((day) => [day / rates.length, String(day)]),
    yMax: 1.2,
    yLabel: (value) => value.toFixed(1),
    series: [rates.map((rate, day) => [(day + 0.5) / rates.length, rate])],
  };
}

function shareWatched(logs: readonly PlottedLog[]): Panel {
  return {
    title: 'How much of a video a click watches',
    x: 'share of the duration (the last bar: all of it and more)',
    xTicks: [0, 0.25, 0.5, 0.75, 1].map((share) => [share, `${100 * share}%`]),
    yMax: 0.5,
    yLabel: (value) => `${Math.round(100 * value)}%`,
    bars: true,
    series: logs.map(({ statistics }) =>
      statistics.shareWatched.map((share, i, all) => [(i + 0.5) / all.length, Math.min(0.5, share)]),
    ),
  };
}

/** Shares of videos from 0.1% to all, on a logarithmic axis. */
function concentration(logs: readonly PlottedLog[]): Panel {
  const place = (share: number) => (Math.log10(share) + 3) / 3;
  return {
    title: 'What the most watched videos have of all watches',
    x: 'share of the videos, most watched first',
    xTicks: [0.001, 0.01, 0.1, 1].map((share) => [place(share), `${100 * share}%`]),
    yMax: 1,
    yLabel: (value) => `${Math.round(100 * value)}%`,
    series: logs.map(({ statistics }) =>
      statistics.concentration.flatMap(([videos, watches]) =>
        videos >= 0.001 ? [[place(videos), watches] as const] : [],
      ),
    ),
  };
}

function explained(logs: readonly PlottedLog[]): Panel {
  const kinds = ['item', 'user', 'itemAndUser', 'truth'] as const;
  const names = ['the video', 'the viewer', 'both', 'the truth'];
  return {
    title: 'Share of the variance of watch seconds explained',
    x: 'by the mean of … on impressions held out',
    xTicks: names.map((name, i) => [(i + 0.5) / kinds.length, name]),
    yMax: 0.4,
    yLabel: (value) => `${Math.round(100 * value)}%`,
    bars: true,
    series: logs.map(({ statistics }) =>
      kinds.flatMap((kind, i) => {
        const value = statistics.explained[kind];
        return value === undefined ? [] : [[(i + 0.5) / kinds.length, Math.max(0, value)] as const];
      }),
    ),
  };
}

function draw({ title, x, xTicks, yMax, yLabel, series, bars }: Panel): string {
  const inner = { width: WIDTH - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
  const atX = (value: number) => round(MARGIN.left + value * inner.width);
  const atY = (value: number) => round(MARGIN.top + (1 - value / yMax) * inner.height);
  const parts = [`<text x="${MARGIN.left}" y="${MARGIN.top - 12}" font-weight="bold">${escape(title)}</text>`];
  for (let tick = 0; tick <= 4; tick++) {
    const value = (tick * yMax) / 4;
    parts.push(
      `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${atY(value)}" y2="${atY(value)}" stroke="#ddd"/>`,
      `<text x="${MARGIN.left - 6}" y="${atY(value) + 4}" text-anchor="end" fill="#555">${yLabel(value)}</text>`,
    );
  }
  for (const [value, label] of xTicks)
    parts.push(
      `<text x="${atX(value)}" y="${HEIGHT - MARGIN.bottom + 16}" text-anchor="middle" fill="#555">${escape(label)}</text>`,
    );
  parts.push(
    `<text x="${atX(0.5)}" y="${HEIGHT - MARGIN.bottom + 34}" text-anchor="middle" fill="#555">${escape(x)}</text>`,
  );
  series.forEach((points, i) => {
    if (!bars) {
      const line = points.map(([px, py]) => `${atX(px)},${atY(py)}`).join(' ');
      parts.push(`<polyline points="${line}" fill="none" stroke="${COLOURS[i]}" stroke-width="2"/>`);
      return;
    }
    const width = (0.8 * inner.width) / Math.max(...series.map(({ length }) => length)) / series.length;
    for (const [px, py] of points) {
      const left = round(atX(px) + (i - series.length / 2) * width);
      parts.push(
        `<rect x="${left}" y="${atY(py)}" width="${round(width)}" height="${round(atY(0) - atY(py))}" fill="${COLOURS[i]}"/>`,
      );
    }
  });
  return parts.join('\n');
}

const round = (value: number) => Math.round(100 * value) / 100;
const escape = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
