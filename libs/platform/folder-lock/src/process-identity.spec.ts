import { identify, isAlive } from './process-identity';

describe('the identity of a process', () => {
  it('tells a process from a later one with its number', () => {
    const here = identify(process.pid);
    expect(isAlive(here)).toBe(true);
    // Only where the system tells start times can a number be told from its successor.
    if (here.startedAt !== '') expect(isAlive({ ...here, startedAt: '1' })).toBe(false);
  });

  it('knows that a number which no process has is free', () => {
    expect(isAlive({ pid: 2 ** 30, startedAt: '' })).toBe(false);
  });
});
