import * as fc from 'fast-check';
import { LIMITS } from './limits';
import { tokenize } from './tokenize';

describe('tokenize', () => {
  it('gives words, then neighbours in pairs', () => {
    expect(tokenize('New York  pizza')).toEqual(['new', 'york', 'pizza', 'new york', 'york pizza']);
  });

  it('gives each token once', () => {
    expect(tokenize('no no no')).toEqual(['no', 'no no']);
  });

  it('treats spellings of one text alike', () => {
    const expected = tokenize('café №5');
    expect(tokenize('CAFE\u0301 No5')).toEqual(expected);
    expect(tokenize('ﬁlm')).toEqual(['film']);
    expect(tokenize('ＡＢＣ')).toEqual(['abc']);
  });

  it('keeps apostrophes out of words and words together', () => {
    expect(tokenize("don't")).toEqual(['dont']);
    expect(tokenize('l’été')).toEqual(['lété']);
    expect(tokenize("'quoted'")).toEqual(['quoted']);
  });

  it('splits scripts written without spaces into letters with their marks', () => {
    expect(tokenize('東京 live')).toEqual(['東', '京', 'live', '東 京', '京 live']);
    expect(tokenize('กำ')).toHaveLength(new Set(tokenize('กำ')).size);
    expect(tokenize('日本2024')).toEqual(['日', '本', '2024', '日 本', '本 2024']);
  });

  it('keeps letters of other alphabets whole', () => {
    expect(tokenize('Привет мир')).toEqual(['привет', 'мир', 'привет мир']);
    expect(tokenize('हिन्दी')).toEqual(['हिन्दी']);
    expect(tokenize('한국어')).toEqual(['한국어']);
  });

  it('finds nothing in punctuation', () => {
    expect(tokenize('?! -- …')).toEqual([]);
    expect(tokenize('')).toEqual([]);
  });

  it('bounds tokens and their length for any text, and keeps them well-formed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (query) => {
        const tokens = tokenize(query);
        expect(tokens.length).toBeLessThanOrEqual(2 * LIMITS.wordsPerQuery - 1);
        for (const token of tokens) {
          expect(token.length).toBeLessThanOrEqual(2 * LIMITS.wordCharacters + 1);
          expect(Buffer.from(token).toString()).toBe(token);
        }
      }),
      { seed: 7 },
    );
  });

  it('never cuts a letter in half', () => {
    const [token] = tokenize('𝒳'.normalize('NFD') + '𐐨'.repeat(50));
    expect(Buffer.from(token).toString()).toBe(token);
    expect(token.length).toBeLessThanOrEqual(LIMITS.wordCharacters);
  });
});
