/** What was measured stands on its page, and is quoted elsewhere: docs/results.md sums the pages up, docs/kubernetes.md and the manifests take memory from one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './sources';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** As ".95" wherever one writes "0.95"; without the numbers of decisions that are linked to, and millions, which are rounded. */
function figuresIn(text: string): string[] {
  const prose = text.replace(/\[[^\]]*\]\([^)]*\)/g, ' ').replace(/[\d.]+ million/g, ' ');
  return [...prose.matchAll(/(?:\d{1,3}(?:,\d{3})+|\d+)?\.\d+|\d{1,3}(?:,\d{3})+|\d+/g)].map(([figure]) =>
    figure.replace(/^0\./, '.'),
  );
}

/** Cells of each row, the head first. */
const tablesIn = (text: string): string[][][] =>
  [...text.matchAll(/(?:^\|.*\|$\n?)+/gm)].map(([table]) =>
    table
      .trim()
      .split('\n')
      .filter((line) => !/^\|[-:|]+\|$/.test(line))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      ),
  );

const lacking = (text: string, found: readonly string[]) => figuresIn(text).filter((figure) => !found.includes(figure));

interface Aim {
  readonly what: string;
  readonly reached: string;
  readonly page: string;
}

const results = read('docs/results.md');

/** Rows of docs/results.md; one that begins with an ellipsis goes on with the page of the row above. */
const aims = tablesIn(results)
  .filter(([head]) => head?.[2] === 'reached')
  .flatMap(([, ...rows]) => {
    let page = '';
    return rows.map(([what = '', , reached = '']): Aim => {
      page = /\]\(([\w/-]+\.md)/.exec(what)?.[1] ?? page;
      return { what, reached, page: `docs/${page}` };
    });
  });

it('all aims are found, each with its page', () => {
  expect(aims.length).toBeGreaterThan(40);
  expect(aims.filter(({ what, page }) => page === 'docs/' || (!what.includes('](') && !what.startsWith('…')))).toEqual(
    [],
  );
});

it.each(aims.map(({ what, page, reached }) => [what, page, reached] as const))(
  'what docs/results.md says was reached of %s stands in %s',
  (_, page, reached) => {
    expect(lacking(reached, figuresIn(read(page)))).toEqual([]);
  },
);

it.each([...new Set(aims.map(({ page }) => page))].filter((page) => tablesIn(read(page))[0]?.[0]?.includes('reached')))(
  'what %s sums up at its head stands in docs/results.md too',
  (page) => {
    const [[head = [], ...rows] = []] = tablesIn(read(page));
    const reached = rows.map((row) => row[head.indexOf('reached')] ?? '');
    expect(reached.flatMap((cell) => lacking(cell, figuresIn(results)))).toEqual([]);
  },
);

describe('the memory of services at a million videos', () => {
  const [names = [], figures = []] =
    tablesIn(read('docs/kubernetes.md')).find(([head]) => head?.[0] === 'a catalogue of') ?? [];
  const quoted = names.slice(1).map((name, i) => [name.replaceAll('`', ''), figures[i + 1] ?? ''] as const);

  it('is told of four of them', () => {
    expect(quoted.map(([name]) => name)).toEqual(['retrieval', 'ranking', 'gateway', 'ingestion']);
  });

  it.each(quoted)('of %s, %s, is what docs/results/serving.md has', (name, figure) => {
    const rows = tablesIn(read('docs/results/serving.md')).flat();
    expect(rows.filter(([first, , last]) => first === name && last?.endsWith('MiB')).map((row) => row[2])).toEqual([
      figure,
    ]);
  });

  it.each(quoted)('of %s, %s, is what its manifest says', (name, figure) => {
    const [, told] = /A million videos: ([\d,]+ MiB)/.exec(read(`infra/kubernetes/base/${name}.yaml`)) ?? [];
    expect(told).toBe(figure);
  });
});

it('a figure is a number however it is written, and no number of a decision', () => {
  expect(
    figuresIn('0.95 and .95 of 5,000, 3,163 MiB (10.5 million; [197](decisions/0197-a.md)), −.008 to 1.00 at p99'),
  ).toEqual(['.95', '.95', '5,000', '3,163', '.008', '1.00', '99']);
});
