import { drawChart } from './chart';
import { renderHtmlDocument, renderMarkdownDocument, type ReportDocument } from './document';
import { chartGrid } from './grid';
import { drawIntervals } from './intervals';
import { roundTicks, tickDigits, tidy } from './svg';

const CHART = {
  title: 'loss <by> epoch',
  x: 'epoch',
  y: 'loss',
  series: [
    {
      name: 'with & without',
      points: [
        { x: 1, y: 2 },
        { x: 2, y: 1, low: 0.5, high: 1.5 },
      ],
    },
    { name: 'b', points: [{ x: 1, y: NaN }] },
  ],
};

const placesOf = (svg: string) =>
  [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)]);

describe('drawChart', () => {
  it('puts larger values higher and to the right', () => {
    const [[firstX, firstY], [secondX, secondY]] = placesOf(drawChart(CHART));
    expect(secondX).toBeGreaterThan(firstX);
    expect(secondY).toBeGreaterThan(firstY);
  });

  it('leaves out what is no number and escapes text', () => {
    const svg = drawChart(CHART);
    expect(svg).not.toMatch(/NaN|undefined/);
    expect(svg).toContain('loss &lt;by&gt; epoch');
    expect(svg).toContain('with &amp; without');
    expect(placesOf(svg)).toHaveLength(2);
  });

  it('says so when there is nothing', () => {
    expect(drawChart({ ...CHART, series: [] })).toContain('nothing to show');
  });

  it('spaces decades evenly on a logarithmic axis', () => {
    const points = [1, 10, 100].map((x) => ({ x, y: 1 }));
    const [a, b, c] = placesOf(drawChart({ ...CHART, xScale: 'log', series: [{ name: 'a', points }] })).map(([x]) => x);
    expect(c - b).toBeCloseTo(b - a, 0);
  });

  it('gives each of several bars its own room', () => {
    const series = ['a', 'b'].map((name) => ({
      name,
      kind: 'bars' as const,
      points: [
        { x: 0, y: 1 },
        { x: 1, y: -1 },
      ],
    }));
    const svg = drawChart({ ...CHART, names: ['one', 'two'], series });
    const lefts = [...svg.matchAll(/<rect x="([\d.]+)"/g)].map(([, x]) => Number(x));
    expect(new Set(lefts).size).toBe(4);
  });
});

describe('chartGrid', () => {
  it('sets charts side by side', () => {
    const svg = chartGrid('all', [CHART, CHART, CHART]);
    expect(svg).toContain('viewBox="0 0 1000 620"');
  });
});

describe('drawIntervals', () => {
  it('keeps zero in sight and drops rows without an interval', () => {
    const svg = drawIntervals('lift', [
      { label: 'a', value: 2, low: 1, high: 3 },
      { label: 'b', value: 2, low: NaN, high: NaN },
    ]);
    expect(svg).toContain('>0</text>');
    expect(svg).not.toContain('>b</text>');
    expect(drawIntervals('lift', [])).toBe('');
  });
});

describe('roundTicks', () => {
  it('covers a range with round numbers', () => {
    expect(roundTicks(0, 1, 5).map(tidy)).toEqual(['0', '0.2', '0.4', '0.6', '0.8', '1']);
    expect(roundTicks(-3, 12, 4).map(tidy)).toEqual(['0', '5', '10']);
  });

  it('are written apart with as many digits as their step has', () => {
    for (const [low, high, scale, digits] of [
      [-30, 12, 1, 0],
      [0, 1, 1, 1],
      [-0.06, 0.07, 1, 2],
      [-0.3, 0.3, 100, 0],
      [-0.011, 0.011, 100, 1],
      [-0.0011, 0.0011, 100, 2],
    ]) {
      const ticks = roundTicks(low, high, 6);
      expect(tickDigits(ticks, scale)).toBe(digits);
      for (const tick of ticks) expect(Number((scale * tick).toFixed(digits))).toBeCloseTo(scale * tick, 9);
    }
    expect(tickDigits([0.5])).toBe(0);
  });
});

describe('a report document', () => {
  const document: ReportDocument = {
    title: 'A & B',
    parts: [
      { kind: 'heading', level: 2, text: 'One' },
      { kind: 'text', text: '**bold** and `code` <b>' },
      { kind: 'table', header: ['a', 'b'], rows: [['x|y', '1']] },
      { kind: 'figure', name: 'loss', svg: drawChart(CHART), caption: 'The loss.' },
    ],
  };

  it('is one page with nothing to fetch', () => {
    const html = renderHtmlDocument(document);
    expect(html).toContain('<strong>bold</strong> and <code>code</code> &lt;b&gt;');
    expect(html).toContain('</svg>');
    expect(html).not.toMatch(/(src|href)=|@import|url\(|https?:/);
  });

  it('is Markdown that names the figure files', () => {
    const markdown = renderMarkdownDocument(document, 'figures');
    expect(markdown).toContain('![The loss.](figures/loss.svg)');
    expect(markdown).toContain('| x\\|y | 1 |');
  });
});
