import { serverTiming } from './server-timing';

describe('the Server-Timing header of a list', () => {
  const stages = [
    { stage: 'retrieve', latencyMs: 3.14159 },
    { stage: 'rank', latencyMs: 12 },
    { stage: 'rank', latencyMs: 0.04 },
  ];

  it('names each stage with its milliseconds, in order, one that ran again twice', () => {
    expect(serverTiming(stages, 0)).toBe('retrieve;dur=3.1, rank;dur=12.0, rank;dur=0.0');
  });

  it('begins with the wait for the process, where there was one', () => {
    expect(serverTiming(stages.slice(0, 1), 7)).toBe('backlog;dur=7.0, retrieve;dur=3.1');
  });
});
