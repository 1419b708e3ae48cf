import { newClusterId } from './kafka';

describe('the id of a new cluster', () => {
  it('is a UUID in base64url that no command takes for an option', () => {
    const ids = Array.from({ length: 1_000 }, newClusterId);
    expect(new Set(ids).size).toBe(1_000);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z][\w-]{21}$/);
  });
});
