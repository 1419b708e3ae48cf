import { createRandom } from '@watchnext/learning';
import { ColdStart } from './cold-start';

const vectors = Float32Array.of(1, 0, 3, 0, 0, 4, 0, 8);
const facts: Record<string, { channelId: string; topics: string[] }> = {
  a: { channelId: 'one', topics: ['cats'] },
  b: { channelId: 'one', topics: ['cats', 'dogs'] },
  c: { channelId: 'two', topics: ['dogs'] },
};
const coldStart = ColdStart.of(['a', 'b', 'c', 'd'], vectors, (videoId) => facts[videoId]);
const vectorOf = (channelId: string, ...topics: string[]) => [...coldStart.vectorOf({ channelId, topics })];

describe('the vector of a video that training never saw', () => {
  it('lies between its channel and its topics, nearer to the channel the more is known of it', () => {
    // Channel one: (2, 0) of two videos; cats: (2, 0); dogs: (1.5, 2). Three videos' worth of topics.
    expect(vectorOf('one', 'cats')).toEqual([2, 0]);
    const [x, y] = vectorOf('one', 'dogs');
    expect(x).toBeCloseTo((2 * 2 + 3 * 1.5) / 5);
    expect(y).toBeCloseTo((3 * 2) / 5);
  });

  it('is that of its topics where the channel is new, and the mean of all where nothing is known', () => {
    expect(vectorOf('new', 'dogs', 'never heard of')).toEqual([1.5, 2]);
    expect(vectorOf('new', 'never heard of')).toEqual([1, 3]);
    expect(vectorOf('')).toEqual([1, 3]);
  });

  it('is near the videos of its kind', () => {
    const random = createRandom(1);
    const centres = Array.from({ length: 8 }, () => Array.from({ length: 16 }, () => random.gaussian()));
    const ids = Array.from({ length: 400 }, (_, i) => `v${i}`);
    const learned = Float32Array.from(ids.flatMap((_, i) => centres[i % 8]!.map((x) => x + 0.5 * random.gaussian())));
    const cold = ColdStart.of(ids, learned, (id) => {
      const i = Number(id.slice(1));
      return { channelId: `channel ${i % 40}`, topics: [`topic ${i % 8}`] };
    });
    const nearestCentre = (vector: Float32Array) => {
      const distances = centres.map((centre) => Math.hypot(...centre.map((x, d) => x - vector[d]!)));
      return distances.indexOf(Math.min(...distances));
    };
    for (let kind = 0; kind < 8; kind++) {
      expect(nearestCentre(cold.vectorOf({ channelId: `channel ${kind}`, topics: [] }))).toBe(kind);
      expect(nearestCentre(cold.vectorOf({ channelId: '', topics: [`topic ${kind}`] }))).toBe(kind);
    }
  });

  it('is the same from the parts of a snapshot, which are checked', () => {
    const { metadata, tensors } = coldStart.toParts();
    const again = ColdStart.fromParts({ metadata: JSON.parse(JSON.stringify(metadata)), tensors });
    expect([...again.vectorOf({ channelId: 'two', topics: ['cats'] })]).toEqual(vectorOf('two', 'cats'));
    const broken = new Map(tensors).set('channels', { shape: [2, 2], data: Float32Array.of(1, NaN, 1, 1) });
    expect(() => ColdStart.fromParts({ metadata, tensors: broken })).toThrow(
      '"channels" has values that are not finite',
    );
    expect(() => ColdStart.fromParts({ metadata: { ...metadata, topicIds: [] }, tensors })).toThrow('"topics"');
  });
});
