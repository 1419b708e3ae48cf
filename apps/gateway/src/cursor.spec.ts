import fc from 'fast-check';
import { CURSOR_LIFETIME_MS, decodeCursor, encodeCursor, hashOfShown, MAX_SHOWN, type CursorError } from './cursor';

const binding = { userId: 'u1', surface: 'home', seedVideoId: '' };
const NOW = 1_790_000_000_000;
const codeOf = (decode: () => unknown): string => {
  try {
    decode();
  } catch (error) {
    return (error as CursorError).code;
  }
  return 'accepted';
};

describe('the cursor', () => {
  it('brings back what was shown', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 60 }), fc.nat(CURSOR_LIFETIME_MS), (videoIds, ageMs) => {
        const shown = new Set(videoIds.map(hashOfShown));
        expect(decodeCursor(encodeCursor(shown, binding, NOW)!, binding, NOW + ageMs)).toEqual(shown);
      }),
      { seed: 1 },
    );
  });

  it('is refused for another user, surface or seed', () => {
    const cursor = encodeCursor(new Set([1, 2]), binding, NOW)!;
    for (const other of [{ userId: 'u2' }, { surface: 'up-next' }, { seedVideoId: 'v' }]) {
      expect(codeOf(() => decodeCursor(cursor, { ...binding, ...other }, NOW))).toBe('cursor-of-another-list');
    }
  });

  it('expires after thirty minutes', () => {
    const cursor = encodeCursor(new Set([1]), binding, NOW)!;
    expect(codeOf(() => decodeCursor(cursor, binding, NOW + CURSOR_LIFETIME_MS))).toBe('accepted');
    expect(codeOf(() => decodeCursor(cursor, binding, NOW + CURSOR_LIFETIME_MS + 1))).toBe('cursor-expired');
  });

  it('refuses any text that it did not write', () => {
    const cursor = encodeCursor(new Set([1, 2, 3]), binding, NOW)!;
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    fc.assert(
      fc.property(fc.nat(cursor.length - 1), fc.constantFrom(...alphabet), (at, character) => {
        fc.pre(cursor[at] !== character);
        const damaged = cursor.slice(0, at) + character + cursor.slice(at + 1);
        expect(codeOf(() => decodeCursor(damaged, binding, NOW))).toBe('cursor-malformed');
      }),
      { seed: 2 },
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(codeOf(() => decodeCursor(text, binding, NOW))).toBe('cursor-malformed');
      }),
      { seed: 3 },
    );
  });

  it('ends the list rather than grow without bound', () => {
    const shown = new Set(Array.from({ length: MAX_SHOWN }, (_, index) => index));
    expect(encodeCursor(shown, binding, NOW)!.length).toBeLessThan(5_000);
    expect(encodeCursor(shown.add(MAX_SHOWN), binding, NOW)).toBeUndefined();
  });
});
