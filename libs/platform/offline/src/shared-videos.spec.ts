import type { VideoFacts } from '@watchnext/contract';
import fc from 'fast-check';
import { NO_ENTRY, SharedVideos } from './shared-videos';

const factsNamed = (channelId: string): VideoFacts => ({
  channelId,
  topics: [],
  durationSeconds: 1,
  uploadedAtMs: 1,
});

/** Of bytes at another place each time. */
function viewOf(text: string, before: number): readonly [DataView, number, number] {
  const bytes = Buffer.concat([Buffer.alloc(before, 'z'), Buffer.from(text), Buffer.alloc(9, 'y')]);
  return [new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), before, before + Buffer.byteLength(text)];
}

describe('SharedVideos', () => {
  it('gives the number of each id and the facts that were kept last, of the same bytes only', () => {
    // Of one beginning or one end, so that they differ in few of their bytes, and of every length around what is kept.
    const id = fc.oneof(
      fc.nat(5).map((number) => `video-${number}`),
      fc.nat(45).map((length) => 'x'.repeat(length)),
      fc.tuple(fc.nat(5), fc.nat(3)).map(([length, number]) => `${number}${'v'.repeat(length)}`),
    );
    const facts = fc.oneof(
      { arbitrary: fc.constantFrom('facts', 'other facts', 'f'.repeat(60)), weight: 3 },
      { arbitrary: fc.nat(130).map((length) => 'f'.repeat(length)), weight: 1 },
    );
    let sharedCount = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(id, facts, fc.nat(5)), { minLength: 20, maxLength: 60 }), (mentions) => {
        const videos = new SharedVideos();
        const numbers = new Map<string, number>();
        const lastFacts = new Map<string, string>();
        for (const [name, bytes, before] of mentions) {
          let entry = videos.entryOf(...viewOf(name, before));
          if (entry === NO_ENTRY) {
            expect(numbers.has(name)).toBe(false);
            entry = videos.keepId(...viewOf(name, before), numbers.size);
            if (entry === NO_ENTRY) {
              expect(name.length < 4 || name.length > 40).toBe(true);
              continue;
            }
            numbers.set(name, numbers.size);
          }
          expect(videos.number(entry)).toBe(numbers.get(name));
          const known = videos.facts(entry, ...viewOf(bytes, before));
          if (known !== undefined) sharedCount++;
          expect(known?.channelId).toBe(lastFacts.get(name) === bytes ? bytes : undefined);
          if (known !== undefined) continue;
          videos.keepFacts(entry, ...viewOf(bytes, before), factsNamed(bytes));
          if (videos.facts(entry, ...viewOf(bytes, before)) !== undefined) lastFacts.set(name, bytes);
          else expect(bytes.length < 4 || bytes.length > 70).toBe(true);
        }
      }),
      { seed: 1, numRuns: 100 },
    );
    expect(sharedCount).toBeGreaterThan(100);
  });

  it('keeps as many as there is room for', () => {
    const videos = new SharedVideos(8_192);
    const ids = Array.from({ length: 9_000 }, (_, number) => `video-${number}`);
    ids.forEach((id, number) => {
      const entry = videos.keepId(...viewOf(id, 0), number);
      if (entry !== NO_ENTRY) videos.keepFacts(entry, ...viewOf(`facts of ${id}`, 0), factsNamed(id));
    });
    const entries = ids.map((id) => videos.entryOf(...viewOf(id, 1)));
    const kept = entries.filter((entry) => entry !== NO_ENTRY);
    expect(kept).toHaveLength(8_192);
    expect(kept.every((entry, number) => videos.number(entry) === number)).toBe(true);
    const namedRight = kept.filter(
      (entry, number) => videos.facts(entry, ...viewOf(`facts of ${ids[number]}`, 2))?.channelId === ids[number],
    );
    expect(namedRight).toHaveLength(kept.length);
  });
});
