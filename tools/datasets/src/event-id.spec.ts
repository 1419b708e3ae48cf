import { eventIdOf } from './event-id';

const T = 1_650_812_000_000;

describe('event ids', () => {
  it('are of version 7, with the time in front and the name in the rest', () => {
    const id = eventIdOf(T, 'a');
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(T);
    expect(eventIdOf(T, 'a')).toBe(id);
    expect(eventIdOf(T, 'b')).not.toBe(id);
  });
});
