import { watchCounts, watchLogOf } from './watch-log';

describe('watchLogOf', () => {
  const watches = [
    { userId: 'a', videoId: 'x', atMs: 1 },
    { userId: 'b', videoId: 'y', atMs: 2 },
    { userId: 'a', videoId: 'y', atMs: 3 },
    { userId: 'a', videoId: 'x', atMs: 4 },
  ];

  it("groups mixed users' watches and keeps each user's order", () => {
    const log = watchLogOf(watches, true, ['y', 'z']);
    expect(log.userIds).toEqual(['a', 'b']);
    expect(log.videoIds).toEqual(['x', 'y', 'z']);
    expect([...log.starts]).toEqual([0, 3, 4]);
    expect([...log.videos]).toEqual([0, 1, 0, 1]);
    expect([...(log.atMs ?? [])]).toEqual([1, 3, 4, 2]);
    expect([...watchCounts(log)]).toEqual([2, 2, 0]);
  });

  it('has no times where they mean nothing', () => {
    expect(watchLogOf(watches, false).atMs).toBeUndefined();
  });
});
