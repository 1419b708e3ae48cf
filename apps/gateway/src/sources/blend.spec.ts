import { catalogueVideo } from '@watchnext/features';
import fc from 'fast-check';
import { NOTHING_TO_REMOVE } from '../../test/nothing-to-remove';
import { SOURCES, type Proposal, type Source } from '../pipeline/draft';
import { ContractViolation } from '../pipeline/failure';
import { applyFilters } from '../stages/filters';
import { blend } from './blend';

const proposal = (videoId: string, source: Source, score: number): Proposal => ({
  videoId,
  source,
  score,
  video: catalogueVideo(videoId),
});
const inOrder = (proposals: readonly Proposal[]) =>
  SOURCES.flatMap((source) => proposals.filter((entry) => entry.source === source));

describe('blend', () => {
  it('names every source of a video, the most telling first', () => {
    const blended = blend([proposal('v', 'retrieval', 7), proposal('w', 'popular', 2), proposal('v', 'fresh', 0.5)]);
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

  it('has each video once, where it was proposed first, with every proposal of it', () => {
    const drawn = fc.uniqueArray(fc.tuple(fc.constantFrom(...SOURCES), fc.nat(20)), { selector: String });
    fc.assert(
      fc.property(drawn, (pairs) => {
        const proposals = inOrder(pairs.map(([source, id]) => proposal(`v${id}`, source, id)));
        const blended = blend(proposals);
        expect(blended.map(({ videoId }) => videoId)).toEqual([...new Set(proposals.map(({ videoId }) => videoId))]);
        for (const { videoId, video, sources } of blended) {
          const ofVideo = proposals.filter((entry) => entry.videoId === videoId);
          expect(video).toBe(ofVideo[0]!.video);
          expect(sources).toEqual(ofVideo.map(({ source, score }) => ({ source, score })));
        }
      }),
      { seed: 8 },
    );
  });

  it('takes no more of a source than is wanted of it', () => {
    const drawn = fc.uniqueArray(fc.tuple(fc.constantFrom(...SOURCES), fc.nat(20)), { selector: String });
    fc.assert(
      fc.property(drawn, fc.nat(5), (pairs, wanted) => {
        const proposals = pairs.map(([source, id]) => proposal(`v${id}`, source, id));
        const offers = SOURCES.map((source) => ({
          source,
          wanted,
          proposals: proposals.filter((entry) => entry.source === source),
        }));
        const blended = blend(applyFilters(offers, NOTHING_TO_REMOVE).kept);
        for (const source of SOURCES) {
          const offered = proposals.filter((entry) => entry.source === source).map(({ videoId }) => videoId);
          const taken = blended.filter(({ sources }) => sources.some((entry) => entry.source === source));
          expect(new Set(taken.map(({ videoId }) => videoId))).toEqual(new Set(offered.slice(0, wanted)));
        }
      }),
      { seed: 8 },
    );
  });

  it('refuses sources in another order', () => {
    const proposals = [proposal('v', 'fresh', 1), proposal('w', 'retrieval', 1)];
    expect(() => blend(proposals)).toThrow(ContractViolation);
    expect(() => blend(proposals)).toThrow('a proposal of retrieval reached the blend after those of fresh');
  });

  it('refuses what the filters should have removed', () => {
    expect(() => blend([{ ...proposal('v', 'fresh', 1), video: undefined }])).toThrow(ContractViolation);
  });
});
