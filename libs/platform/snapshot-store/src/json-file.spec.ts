import fc from 'fast-check';
import { parseJsonInTurns } from './json-file';

/** So small that everything is taken apart. */
const TINY = { largeBytes: 2, sliceBytes: 8, mapMembers: Infinity };
const parse = (text: string, slices = TINY) => parseJsonInTurns(Buffer.from(text), slices);

describe('JSON parsed in turns', () => {
  it('is what JSON.parse makes of it, however it is sliced and spaced', async () => {
    const sizes = fc.record({
      largeBytes: fc.integer({ min: 2, max: 40 }),
      sliceBytes: fc.integer({ min: 1, max: 30 }),
      mapMembers: fc.constant(Infinity),
    });
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 5 }), sizes, fc.constantFrom(0, 1), async (value, slices, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(await parse(text, slices)).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  it('makes a Map of an object with many members, in their order, whatever they are called', async () => {
    const text = '{"few":{"b":1},"many":{"__proto__":{"n":1},"x":2,"constructor":[3]}}';
    const parsed = (await parse(text, { ...TINY, mapMembers: 3 })) as Record<string, unknown>;
    expect(parsed['few']).toEqual({ b: 1 });
    expect([...(parsed['many'] as Map<string, unknown>)]).toEqual([
      ['__proto__', { n: 1 }],
      ['x', 2],
      ['constructor', [3]],
    ]);
  });

  it.each([
    '{"a":1',
    '[1,2',
    '[1,,2]',
    '[1,]',
    '{"a":1,}',
    '[[1,2] 3]',
    '{"a" [1,2]}',
    '{"a":[1,2],5}',
    '[1]]',
    '[1] 2',
    '{"a":b}',
    '[",]',
    '[[1,2],[3',
    '',
  ])('refuses %s', async (text) => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
    await expect(parse(text)).rejects.toThrow(SyntaxError);
  });

  it('lets the event loop have its turns', async () => {
    const text = JSON.stringify(Array.from({ length: 200_000 }, (_, i) => ({ id: `video-${i}` })));
    let turns = 0;
    const count = () => {
      turns++;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    const parsed = (await parseJsonInTurns(Buffer.from(text))) as { id: string }[];
    clearImmediate(timer);
    expect(parsed).toHaveLength(200_000);
    expect(parsed.at(-1)).toEqual({ id: 'video-199999' });
    expect(turns).toBeGreaterThan(3);
  });
});
