import fc from 'fast-check';
import { SOURCES, type Proposal, type Source } from '../pipeline/draft';
import { ContractViolation } from '../pipeline/failure';
import { blend } from './blend';

const facts = { channelId: 'c', topics: [], durationSeconds: 60, uploadedAtMs: 1 };
const proposal = (videoId: string, source: Source, score: number): Proposal => ({
  videoId,
  source,
  score,
  video: { videoId, title: videoId, thumbnailUrl: '', facts, withdrawn: false },
});
const all = { retrieval: 100, trending: 100, popular: 100, fresh: 100 };

describe('blend', () => {
  it('names every source of a video, the most telling first', () => {
    const blended = blend(
      [proposal('v', 'fresh', 0.5), proposal('w', 'popular', 2), proposal('v', 'retrieval', 7)],
      all,
    );
    expect(blended.map(({ videoId, sources }) => [videoId, sources])).toEqual([
      [
        'v',
        [
          { source: 'retrieval', score: 7 },
          { source: 'fresh', score: 0.5 },
        ],
      ],
      ['w', [{ source: 'popular', score: 2 }]],
    ]);
  });

  it('has each video once and takes no more of a source than its quota', () => {
    const drawn = fc.uniqueArray(fc.tuple(fc.constantFrom(...SOURCES), fc.nat(20)), { selector: String });
    fc.assert(
      fc.property(drawn, fc.nat(5), (pairs, quota) => {
        const proposals = pairs.map(([source, id]) => proposal(`v${id}`, source, id));
        const blended = blend(proposals, { retrieval: quota, trending: quota, popular: quota, fresh: quota });
        expect(new Set(blended.map(({ videoId }) => videoId)).size).toBe(blended.length);
        for (const source of SOURCES) {
          const offered = proposals.filter((entry) => entry.source === source).map(({ videoId }) => videoId);
          const taken = blended.filter(({ sources }) => sources.some((entry) => entry.source === source));
          expect(new Set(taken.map(({ videoId }) => videoId))).toEqual(new Set(offered.slice(0, quota)));
        }
      }),
      { seed: 8 },
    );
  });

  it('refuses what the filters should have removed', () => {
    expect(() => blend([{ ...proposal('v', 'fresh', 1), video: undefined }], all)).toThrow(ContractViolation);
  });
});
