import { eventsOfRequest } from './steady-freshness';

describe('the events of a request', () => {
  it.each([
    [24, 24],
    [50, 50],
    [74, 50],
    [10_007, 50],
  ])('are %d a second in %d requests, none of them empty', (rate, requestsPerSecond) => {
    const counts = Array.from({ length: 2 * requestsPerSecond }, (_, i) => eventsOfRequest(i, rate, requestsPerSecond));
    const sum = (some: readonly number[]) => some.reduce((total, count) => total + count, 0);
    expect([sum(counts.slice(0, requestsPerSecond)), sum(counts.slice(requestsPerSecond))]).toEqual([rate, rate]);
    expect(Math.min(...counts)).toBe(Math.floor(rate / requestsPerSecond));
    expect(Math.max(...counts)).toBe(Math.ceil(rate / requestsPerSecond));
  });
});
