import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { temporaryDirectory } from '@watchnext/testing';
import { readCsv } from './csv';

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => (folder = await temporaryDirectory('csv')));
afterEach(() => folder.remove());

async function read(text: string, columns: readonly string[]) {
  const file = join(folder.path, 'log.csv');
  await writeFile(file, text);
  const bad: string[] = [];
  const rows: string[] = [];
  for await (const batch of readCsv(file, columns, (line, reason) => bad.push(`${line} ${reason}`)))
    rows.push(...batch.map(({ line, cells }) => `${line} ${cells.join('|')}`));
  return { rows, bad };
}

describe('reading CSV', () => {
  it('reads quotes, delimiters and line breaks within them, and gives the line of the row', async () => {
    expect(await read('a,b,c\n1,"x, ""y""",2\n\n"two\nlines",z,3\n4,5,6\n', ['c', 'a'])).toEqual({
      rows: ['2 2|1', '4 3|two\nlines', '6 6|4'],
      bad: [],
    });
  });

  it('leaves out a row with a quote that stays open, and only that', async () => {
    const { rows, bad } = await read('a,b\n1,"open\n2,x\n3,y\n', ['a']);
    expect(bad).toEqual(['2 a quote is not closed']);
    expect(rows).toEqual(['3 2', '4 3']);
  });

  it.each([
    ['an opening quote further down', ['a,v1,1,"Foo', 'b,v2,2,"Bar"', 'c,v3,3,x'], ['3 b|v2', '4 c|v3'], []],
    ['one after rows without', ['a,v1,1,"Foo', 'b,v2,2,x', 'c,v3,3,"Bar, baz"'], ['3 b|v2', '4 c|v3'], []],
    ['a row of more cells', ['a,v1,1,"Foo', 'b,v2",2,x', 'c,v3,3,y'], ['3 b|v2"', '4 c|v3'], []],
    ['each in its turn', ['a,v1,1,"Foo', 'b,v2,2,"Bar', 'c,v3,3,"Baz"'], ['4 c|v3'], ['3 a quote is not closed']],
    ['one of a short row', ['a,v1,1,"Foo', 'user,b,"c,d"'], [], ['3 3 cells where the header has 4']],
  ])('does not let a stray quote swallow the rows after it: closed by %s', async (_, lines, rows, moreBad) => {
    const found = await read(['user,video,time,title', ...lines, ''].join('\n'), ['user', 'video']);
    expect(found.rows).toEqual(rows);
    expect(found.bad[0]).toMatch(
      /^2 (a quote is not closed$|6 cells where the header has 4, up to line 3: is a quote)/,
    );
    expect(found.bad.slice(1)).toEqual(moreBad);
  });

  it('keeps blanks after the closing quote of a text of several lines', async () => {
    expect(await read('a,b\n"two\nlines" ,x\n', ['a', 'b'])).toEqual({ rows: ['2 two\nlines |x'], bad: [] });
  });

  it('names missing columns, repeated ones, and a file without a header', async () => {
    await expect(read('a,b\n', ['a', 'x', 'y'])).rejects.toThrow('log.csv lacks the columns x, y; it has a, b');
    await expect(read('a,b,a\n', ['a'])).rejects.toThrow('two columns named "a"');
    await expect(read('\n\n', ['a'])).rejects.toThrow('log.csv has no header line');
  });

  it('reads back whatever was written', async () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => text.replaceAll('\r', ''));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 20 }), async (written) => {
        const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const file = join(folder.path, 'written.csv');
        await writeFile(file, ['a,b', ...written.map((row) => row.map(quoted).join(','))].join('\n'));
        const found: (readonly string[])[] = [];
        for await (const batch of readCsv(file, ['a', 'b'], () => undefined))
          found.push(...batch.map(({ cells }) => cells));
        expect(found).toEqual(written);
      }),
      { numRuns: 30, seed: 1 },
    );
  });
});
