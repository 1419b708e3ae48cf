import { formatHistory, formatRecommendations } from './show';

describe('what is shown', () => {
  it('tells what the user watched, how far, and searched for', () => {
    const text = formatHistory({
      userId: 'viewer-1',
      watchCount: 12,
      watches: [
        {
          videoId: 'video-1',
          title: 'Soup and oven, step by step',
          topics: ['cooking'],
          watchSeconds: 61,
          durationSeconds: 300,
        },
        { videoId: 'video-2', title: '', topics: [], watchSeconds: 5, durationSeconds: 0 },
      ],
      searches: [{ tokens: ['otter', 'otter wolf', 'wolf'] }],
    });
    expect(text).toMatch(/viewer-1 watched last \(12 in all\)/);
    expect(text).toMatch(/Soup and oven.*cooking.*61 s of 5\.0 min/);
    expect(text).toMatch(/video-2.* 5 s$/m);
    expect(text).toContain('“otter wolf”');
  });

  it('numbers the list, cuts long titles, and tells a lower rung with its reason', () => {
    const item = {
      videoId: 'v',
      impressionId: 'i',
      position: 0,
      title: 'x'.repeat(80),
      channelId: 'c',
      topics: ['film'],
      durationSeconds: 10,
      source: 'popular',
    };
    const text = formatRecommendations({
      userId: 'u',
      requestId: 'r',
      snapshotId: '',
      rung: 'memory-popular',
      rungReason: 'ranking does not answer',
      items: [item, { ...item, score: 41.7, source: 'retrieval' }],
    });
    expect(text).toContain('snapshot none · rung memory-popular: ranking does not answer');
    expect(text).toMatch(/ 1 {2}x{43}… /);
    expect(text).toMatch(/ 2 .*42 s expected +retrieval/);
  });
});
