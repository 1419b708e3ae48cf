/** A plot of lines as SVG that reads on light and dark pages alike. */

export interface Line {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number; readonly label: string }[];
}

const WIDTH = 760;
const HEIGHT = 460;
const MARGIN = { left: 70, right: 220, top: 40, bottom: 50 };
const COLOURS = ['#1b6ca8', '#d1495b', '#3b8c4a', '#8e5ea2', '#c97b1a', '#2a9d8f', '#7a6c5d', '#b5179e', '#577590'];

/** @param labels title, and what the axes show */
export function linePlot(
  lines: readonly Line[],
  labels: { readonly title: string; readonly x: string; readonly y: string },
): string {
  const all = lines.flatMap(({ points }) => points);
  const xs = ticks(Math.min(...all.map(({ x }) => x)), Math.max(...all.map(({ x }) => x)));
  const ys = ticks(0, Math.max(...all.map(({ y }) => y)));
  const across = (x: number) =>
    MARGIN.left + ((x - xs[0]!) / (xs.at(-1)! - xs[0]!)) * (WIDTH - MARGIN.left - MARGIN.right);
  const up = (y: number) =>
    HEIGHT - MARGIN.bottom - ((y - ys[0]!) / (ys.at(-1)! - ys[0]!)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const text = (x: number, y: number, content: string, more = '') =>
    `<text x="${round(x)}" y="${round(y)}" ${more}>${escape(content)}</text>`;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(MARGIN.left, 22, labels.title, 'font-size="14" font-weight="bold"'),
    text((MARGIN.left + WIDTH - MARGIN.right) / 2, HEIGHT - 10, labels.x, 'text-anchor="middle"'),
    text(16, HEIGHT / 2, labels.y, `text-anchor="middle" transform="rotate(-90 16 ${HEIGHT / 2})"`),
  ];
  for (const x of xs) {
    parts.push(
      `<path d="M${round(across(x))} ${round(up(ys[0]!))}V${round(up(ys.at(-1)!))}" stroke="#ddd"/>`,
      text(across(x), up(ys[0]!) + 18, tidy(x), 'text-anchor="middle"'),
    );
  }
  for (const y of ys) {
    parts.push(
      `<path d="M${round(across(xs[0]!))} ${round(up(y))}H${round(across(xs.at(-1)!))}" stroke="#ddd"/>`,
      text(MARGIN.left - 8, up(y) + 4, tidy(y), 'text-anchor="end"'),
    );
  }
  lines.forEach(({ name, points }, i) => {
    const colour = COLOURS[i % COLOURS.length]!;
    const path = points.map(({ x, y }, n) => `${n === 0 ? 'M' : 'L'}${round(across(x))} ${round(up(y))}`).join('');
    parts.push(`<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const { x, y, label } of points) {
      parts.push(
        `<circle cx="${round(across(x))}" cy="${round(up(y))}" r="3" fill="${colour}"><title>${escape(`${name}, ${label}: ${tidy(x)}, ${tidy(y)}`)}</title></circle>`,
      );
    }
    const y = MARGIN.top + 18 * i;
    parts.push(`<path d="M${WIDTH - MARGIN.right + 16} ${y}h18" stroke="${colour}" stroke-width="3"/>`);
    parts.push(text(WIDTH - MARGIN.right + 40, y + 4, name));
  });
  return `${parts.join('\n')}\n</svg>\n`;
}

/** Round numbers that enclose a range, some six of them. */
function ticks(low: number, high: number): number[] {
  const span = high - low || Math.abs(high) || 1;
  const magnitude = 10 ** Math.floor(Math.log10(span / 5));
  const step = [1, 2, 5, 10].map((factor) => factor * magnitude).find((candidate) => span / candidate <= 6)!;
  const first = Math.floor(low / step);
  const count = Math.max(1, Math.ceil(high / step) - first);
  return Array.from({ length: count + 1 }, (_, i) => (first + i) * step);
}

const round = (value: number) => Math.round(value * 10) / 10;
const tidy = (value: number) => String(Number(value.toPrecision(4)));
const escape = (content: string) => content.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]!);
