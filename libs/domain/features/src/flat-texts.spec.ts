import fc from 'fast-check';
import { FlatTexts } from './flat-texts';

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  // Halves of surrogate pairs among them.
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
  fc.constant(''),
);

describe('FlatTexts', () => {
  it('gives back every text as it was, whatever else came and went', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyText, fc.nat()), { maxLength: 60 }), (steps) => {
        const texts = new FlatTexts();
        const held: { text: string; place: number }[] = [];
        for (const [text, which] of steps) {
          held.push({ text, place: texts.add(text) });
          if (which % 3 === 0) texts.remove(held.splice(which % held.length, 1)[0]!.place);
          for (const one of held) {
            expect(texts.at(one.place)).toBe(one.text);
            expect(texts.isAt(one.place, one.text)).toBe(true);
            expect(texts.isAt(one.place, text)).toBe(one.text === text);
          }
        }
        const places = held.filter(({ text }) => text !== '').map(({ place }) => place);
        expect(new Set(places).size).toBe(places.length);
      }),
      { seed: 21, numRuns: 200 },
    );
  });

  it('goes on in further pages, and gives a text that fits in none a page of its own', () => {
    const texts = new FlatTexts();
    const long = ['a'.repeat(1_500_000), '\u4e16'.repeat(700_000)];
    const made = Array.from({ length: 30_000 }, (_, n) => `text ${n} ${'x'.repeat(n % 150)}`);
    const all = [made[0]!, ...long, ...made.slice(1)];
    const places = all.map((text) => texts.add(text));
    expect(places.map((place) => texts.at(place))).toEqual(all);
  });

  it('uses again what removed texts leave', () => {
    const texts = new FlatTexts();
    const first = texts.add('a title of some words');
    texts.remove(first);
    expect(texts.add('another of some words')).toBe(first);
    expect(texts.at(first)).toBe('another of some words');
  });
});
