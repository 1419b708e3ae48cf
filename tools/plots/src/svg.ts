/** What all plots share: text that is safe in XML, round numbers on axes, colours that tell series apart. */

export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

export const FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif";
export const INK = { text: '#2b2f36', quiet: '#5d6570', grid: '#e7e9ec', axis: '#9aa1ab', paper: '#ffffff' } as const;

/** Told apart also by the common kinds of colour blindness (after Okabe and Ito), darkened to read on white. */
const COLOURS = ['#1f6fb2', '#d9601a', '#1b8f6a', '#a8478f', '#b8860b', '#4a8fd1', '#7a6c5d', '#333333'] as const;

export const seriesColour = (index: number): string => COLOURS[index % COLOURS.length];

/** About `count` round values within a range. */
export function roundTicks(low: number, high: number, count: number): number[] {
  const step = roundStep(low, high, count);
  const ticks: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) ticks.push(k * step);
  return ticks;
}

/** Decimals that tell round ticks apart: with as many, each is written as it is. @param scale by which values are multiplied in writing */
export function tickDigits(ticks: readonly number[], scale = 1): number {
  if (ticks.length < 2) return 0;
  return Math.max(0, -Math.floor(Math.log10(scale * (ticks[1] - ticks[0])) + 1e-9));
}

/** A range grown to the round values around it. */
export function roundRange(low: number, high: number, count: number): readonly [number, number] {
  const step = roundStep(low, high, count);
  return [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step];
}

function roundStep(low: number, high: number, count: number): number {
  const span = high - low > 0 ? high - low : Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(span / count));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= (span / count) * (1 - 1e-9))!;
}

/** Coordinates with one decimal: enough for a screen, and small files. */
export const at = (value: number): string => String(Math.round(value * 10) / 10);

/** A number with as many digits as one reads. */
export function tidy(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6) return `${tidy(value / 1e6)}M`;
  if (size >= 1e4) return `${tidy(value / 1e3)}k`;
  return String(Number(value.toPrecision(3)));
}

/** Pixels that a text of the default font takes, about. */
export const textWidth = (text: string, size = 12): number => text.length * size * 0.56;

export function svgText(
  x: number,
  y: number,
  content: string,
  options: {
    anchor?: 'start' | 'middle' | 'end';
    size?: number;
    bold?: boolean;
    colour?: string;
    turned?: boolean;
  } = {},
): string {
  const { anchor = 'start', size = 12, bold = false, colour = INK.text, turned = false } = options;
  const more = [
    anchor === 'start' ? '' : ` text-anchor="${anchor}"`,
    size === 12 ? '' : ` font-size="${size}"`,
    bold ? ' font-weight="600"' : '',
    turned ? ` transform="rotate(-90 ${at(x)} ${at(y)})"` : '',
  ];
  return `<text x="${at(x)}" y="${at(y)}" fill="${colour}"${more.join('')}>${escapeXml(content)}</text>`;
}

/** A whole picture: white ground, so that it reads on light and dark pages alike. */
export function picture(width: number, height: number, title: string, body: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${at(width)} ${at(height)}" width="${at(width)}" height="${at(height)}" font-family="${FONT}" font-size="12" role="img" aria-label="${escapeXml(title)}">`,
    `<rect width="100%" height="100%" fill="${INK.paper}"/>`,
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

/** A picture as part of an HTML page, where an SVG names no namespace. */
export const withinHtml = (svg: string): string => svg.replace(' xmlns="http://www.w3.org/2000/svg"', '').trimEnd();
