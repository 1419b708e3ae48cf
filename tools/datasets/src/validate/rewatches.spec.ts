import type { Playback } from './playbacks';
import { RewatchCheck } from './rewatches';

const playback = (videoId: string, changes: Partial<Playback> = {}): Playback => ({
  videoId,
  occurredAtMs: 0,
  positionSeconds: 50,
  durationSeconds: 100,
  namesImpression: false,
  ...changes,
});

function found(...users: readonly (readonly Playback[])[]) {
  const check = new RewatchCheck({ catalogue: new Map(), nowMs: 0 });
  for (const playbacks of users)
    check.see({ userId: 'u', events: [], repetitions: { droppedCount: 0, countedAgain: 0 }, playbacks });
  return check.findings()[0];
}

const videos = (count: number) => Array.from({ length: count }, (_, n) => playback(`v${n}`));

describe('the check of what is watched again', () => {
  it('warns where more than a fifth of the completed watches are', () => {
    expect(found([...videos(4), playback('v0')])).toMatchObject({ verdict: 'ok', advice: '' });
    expect(found([...videos(3), playback('v0')])).toMatchObject({
      verdict: 'warning',
      found: '25.0% of 4 completed watches are of a video among the last 50 that their user completed',
      advice: expect.stringMatching(/candidates do not learn/),
    });
    // As songs are: most of the log, which is no failure of it.
    expect(found([...videos(2), ...videos(2), ...videos(2)]).verdict).toBe('warning');
  });

  it('counts by user, what is still in the history, and completed watches alone', () => {
    expect(found(videos(2), videos(2)).numbers).toEqual({ rewatchShare: 0 });
    expect(found([...videos(51), playback('v0')]).numbers).toEqual({ rewatchShare: 0 });
    expect(found([...videos(50), playback('v0')]).numbers).toEqual({ rewatchShare: 1 / 51 });
    expect(found([...videos(1), playback('v0', { positionSeconds: 5 })]).numbers).toEqual({ rewatchShare: 0 });
    expect(found([playback('v0', { positionSeconds: 5 }), playback('v0')]).numbers).toEqual({ rewatchShare: 0 });
  });

  it('goes by time, in whatever order the log has the watches', () => {
    const [first, ...others] = Array.from({ length: 51 }, (_, n) => playback(`v${n}`, { occurredAtMs: n }));
    const again = playback('v0', { occurredAtMs: 51 });
    expect(found([again, first, ...others]).numbers).toEqual({ rewatchShare: 0 });
  });
});
