/** A picture drawn from a title: the same title, the same picture, on every screen. */
import { h, svg } from './dom.js';

/** FNV-1a, then a small generator: enough to spread colours and shapes. */
function randomOf(text) {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    state = Math.imul(state ^ (state >>> 12), 0x297a2d39);
    state ^= state >>> 15;
    return (state >>> 0) / 2 ** 32;
  };
}

function shapes(next, hue) {
  const fill = (lightness, alpha) => `hsl(${(hue + next() * 70 - 35 + 360) % 360} 72% ${lightness}% / ${alpha})`;
  const kind = Math.floor(next() * 4);
  return Array.from({ length: 4 + Math.floor(next() * 4) }, () => {
    const [x, y, size] = [next() * 160, next() * 90, 14 + next() * 44];
    const colour = fill(45 + next() * 30, 0.35 + next() * 0.4);
    if (kind === 0) return svg('circle', { cx: x, cy: y, r: size, fill: colour });
    if (kind === 1)
      return svg('rect', {
        x: x - size,
        y: y - size / 4,
        width: size * 2,
        height: size / 2,
        rx: 4,
        fill: colour,
        transform: `rotate(${next() * 60 - 30} ${x} ${y})`,
      });
    if (kind === 2)
      return svg('polygon', {
        points: `${x},${y - size} ${x + size},${y + size} ${x - size},${y + size}`,
        fill: colour,
      });
    return svg('circle', { cx: x, cy: y, r: size, fill: 'none', stroke: colour, 'stroke-width': 5 + next() * 9 });
  });
}

const initialsOf = (title) =>
  title
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .slice(0, 2)
    .map((word) => [...word][0].toUpperCase())
    .join('');

/** @param topic videos of one topic get neighbouring colours */
export function thumbnail(title, topic = '', children = []) {
  const next = randomOf(title);
  const hue = Math.floor((topic === '' ? next() : randomOf(topic)()) * 360);
  const drawing = svg(
    'svg',
    { viewBox: '0 0 160 90', preserveAspectRatio: 'xMidYMid slice', 'aria-hidden': 'true', focusable: 'false' },
    svg('rect', { width: 160, height: 90, fill: `hsl(${hue} 55% 24%)` }),
    shapes(next, hue),
    svg(
      'text',
      {
        x: 12,
        y: 76,
        fill: '#fff',
        'font-size': 30,
        'font-weight': 700,
        'fill-opacity': 0.92,
        'font-family': 'inherit',
      },
      initialsOf(title),
    ),
  );
  return h('div', { class: 'thumbnail' }, drawing, ...children);
}
