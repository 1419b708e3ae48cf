import { declaredBytes, InFlightBytes } from './in-flight-bytes';

describe('bytes in flight', () => {
  it('are bounded together, and one body alone is let in whatever its size', () => {
    const bytes = new InFlightBytes(10);
    const first = bytes.take(20);
    expect([first === undefined, bytes.count, bytes.take(1)]).toEqual([false, 20, undefined]);
    first?.();
    expect(bytes.count).toBe(0);
    const [second, third] = [bytes.take(6), bytes.take(4)];
    expect([bytes.take(1), bytes.count]).toEqual([undefined, 10]);
    second?.();
    third?.();
    expect(bytes.count).toBe(0);
  });

  it.each([
    ['5', 5],
    ['500', 100],
    [undefined, 100],
    ['many', 100],
  ])('of a body that declares %s are %s', (length, bytes) => {
    expect(declaredBytes({ headers: { 'content-length': length } }, 100)).toBe(bytes);
  });
});
