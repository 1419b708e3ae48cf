import { eventIdAt, SOME_TIME_MS } from './testing/event-builders';
import { uuidV7TimeMs } from './uuid';

describe('uuidV7TimeMs', () => {
  it('reads the time of a canonical UUIDv7', () => {
    expect(uuidV7TimeMs('017f22e2-79b0-7cc3-98c4-dc0c0c07398f')).toBe(Date.UTC(2022, 1, 22, 19, 22, 22));
    expect(uuidV7TimeMs(eventIdAt(SOME_TIME_MS, 7))).toBe(SOME_TIME_MS);
    expect(uuidV7TimeMs('ffffffff-ffff-7fff-bfff-ffffffffffff')).toBe(2 ** 48 - 1);
  });

  it.each([
    ['', 'nothing'],
    ['017f22e2-79b0-4cc3-98c4-dc0c0c07398f', 'version 4'],
    ['017f22e2-79b0-7cc3-18c4-dc0c0c07398f', 'another variant'],
    ['017F22E2-79B0-7CC3-98C4-DC0C0C07398F', 'upper case'],
    ['017f22e279b07cc398c4dc0c0c07398f', 'no hyphens'],
    ['017f22e2-79b0-7cc3-98c4-dc0c0c07398', 'a digit short'],
    ['017f22e2-79b0-7cc3-98c4-dc0c0c07398g', 'not hexadecimal'],
  ])('knows no time in %p (%s)', (id) => {
    expect(uuidV7TimeMs(id)).toBeUndefined();
  });
});
