import type { CandidateExample } from '@watchnext/features';
import fc from 'fast-check';
import { CandidateExamples } from './candidate-examples';
import { TextTable } from './columns';

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const example: fc.Arbitrary<CandidateExample> = fc.record({
  userId: id,
  labelVideoId: id,
  labelAtMs: fc.nat(),
  features: fc.record({
    watchedVideoIds: fc.array(id, { maxLength: 50 }),
    searchTokens: fc.array(id, { maxLength: 3 }),
    country: fc.constantFrom('', 'FR'),
    device: fc.constantFrom('', 'tv'),
    loggedIn: fc.boolean(),
    ageYears: fc.constantFrom(0, 30),
    gender: fc.constantFrom(0, 1),
  }),
});
/** Histories as a viewer has them: each watch is added, and beyond 50 the first ones go. */
const viewer = fc.tuple(example, fc.array(id, { maxLength: 80 })).map(([first, watched]) =>
  watched.map((labelVideoId, i): CandidateExample => {
    const watchedVideoIds = watched.slice(Math.max(0, i - 50), i);
    return { ...first, labelVideoId, labelAtMs: i, features: { ...first.features, watchedVideoIds } };
  }),
);

const plain = ({ userId, labelVideoId, labelAtMs, features }: CandidateExample) => ({
  userId,
  labelVideoId,
  labelAtMs,
  features,
});

describe('CandidateExamples', () => {
  it('give back what was added, whatever the histories have to do with each other', () => {
    const log = fc
      .array(
        fc.oneof(
          example.map((one) => [one]),
          viewer,
        ),
        { maxLength: 8 },
      )
      .map((parts) => parts.flat());
    fc.assert(
      fc.property(log, (examples) => {
        const kept = new CandidateExamples();
        for (const one of examples) kept.add(one);
        expect(kept.list().map(plain)).toEqual(examples.map(plain));
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('keep the times of watches where they are asked to', () => {
    const timed = fc.array(fc.tuple(id, fc.nat(3)), { maxLength: 50 });
    fc.assert(
      fc.property(example, fc.array(timed, { maxLength: 10 }), (one, histories) => {
        const kept = new CandidateExamples(true);
        const examples = histories.map((history) => ({
          ...one,
          features: {
            ...one.features,
            watchedVideoIds: history.map(([videoId]) => videoId),
            watchedAtMs: history.map(([, atMs]) => atMs),
          },
        }));
        for (const each of examples) kept.add(each);
        expect(kept.list().map(plain)).toEqual(examples.map(plain));
      }),
      { seed: 2, numRuns: 100 },
    );
  });

  it('give back histories that are ranges of lists which grow, whatever follows on what', () => {
    const step = fc.record({
      isAnew: fc.boolean(),
      added: fc.array(fc.tuple(id, fc.nat(3)), { maxLength: 3 }),
      dropped: fc.nat(2),
      newestLeftOut: fc.nat(2),
    });
    fc.assert(
      fc.property(example, fc.array(step, { maxLength: 40 }), fc.boolean(), (one, steps, withTimes) => {
        const videos = new TextTable();
        const kept = new CandidateExamples(withTimes, videos);
        let [videoIds, startedAtMs, from]: [string[], number[], number] = [[], [], 0];
        const expected = steps.map(({ isAnew, added, dropped, newestLeftOut }) => {
          if (isAnew) [videoIds, startedAtMs, from] = [videoIds.slice(from), startedAtMs.slice(from), 0];
          for (const [videoId, atMs] of added) {
            videoIds.push(videoId);
            startedAtMs.push(atMs);
          }
          from = Math.min(from + dropped, videoIds.length);
          const to = Math.max(from, videoIds.length - newestLeftOut);
          const { userId, labelVideoId, labelAtMs, features } = one;
          kept.addLabel(
            userId,
            videos.numberOf(labelVideoId),
            labelAtMs,
            { videoIds, startedAtMs, from, to },
            features,
          );
          const watched = { watchedVideoIds: videoIds.slice(from, to) };
          return {
            ...one,
            features: { ...features, ...watched, ...(withTimes ? { watchedAtMs: startedAtMs.slice(from, to) } : {}) },
          };
        });
        expect(kept.list().map(plain)).toEqual(expected.map(plain));
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  it('take one number for a history that is the last one and a video more', () => {
    const kept = new CandidateExamples();
    const [first] = fc.sample(example, { seed: 1, numRuns: 1 });
    const watched = Array.from({ length: 300 }, (_, i) => `video-${i}`);
    watched.forEach((labelVideoId, i) => {
      const watchedVideoIds = watched.slice(Math.max(0, i - 50), i);
      kept.add({ ...first, labelVideoId, features: { ...first.features, watchedVideoIds } });
    });
    expect(kept.historyNumberCount).toBe(299);
    expect(kept.list()[299].features.watchedVideoIds).toEqual(watched.slice(249, 299));
  });
});
