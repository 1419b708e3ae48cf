import { hash53, hash53OfAscii } from './hash';

describe('hash53', () => {
  it('never changes: states store its values', () => {
    expect(['', 'a', 'playback-1', '01a19c21-7200-7000-8000-000000000000', '東京'].map(hash53)).toMatchInlineSnapshot(`
     [
       4662626065373361,
       982843159028802,
       2764151355990621,
       4339216508359694,
       2148805142068722,
     ]
    `);
  });

  it('gives safe integers that differ for many similar ids', () => {
    const hashes = new Set<number>();
    for (let i = 0; i < 50_000; i++) hashes.add(hash53(`playback-${i}`));
    expect(hashes.size).toBe(50_000);
    expect(Math.max(...[...hashes].slice(0, 1000))).toBeLessThan(2 ** 53);
    expect([...hashes].slice(0, 1000).every(Number.isSafeInteger)).toBe(true);
  });

  it('is the same of the bytes of an ASCII text', () => {
    for (const text of ['', 'a', 'playback-1', '01a19c21-7200-7000-8000-000000000000', '\x7f\0']) {
      expect(hash53OfAscii(Buffer.from(`ab${text}c`), 2, 2 + text.length)).toBe(hash53(text));
    }
  });

  it('spreads: each bit is set about half of the time', () => {
    const setCounts = new Array<number>(53).fill(0);
    const texts = 4000;
    for (let i = 0; i < texts; i++) {
      let rest = hash53(`id${i}`);
      for (let bit = 0; bit < 53; bit++) {
        setCounts[bit] += rest % 2;
        rest = Math.floor(rest / 2);
      }
    }
    // Six standard deviations of a fair coin.
    for (const count of setCounts) expect(Math.abs(count - texts / 2)).toBeLessThan(6 * Math.sqrt(texts / 4));
  });
});
