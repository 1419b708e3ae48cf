import { createLogger } from '@watchnext/service';
import type { LocalSnapshot } from '@watchnext/snapshot-store';
import { checkSnapshot } from './canaries';
import { createMetrics } from './metrics';
import type { RetrievalSnapshot } from './retrieval-snapshot';
import { SnapshotLoader, type SnapshotLoaderParts } from './snapshot-loader';

jest.mock('./retrieval-snapshot', () => ({
  loadRetrievalSnapshot: async ({ snapshotId }: LocalSnapshot) => ({
    snapshotId,
    videos: { addedCount: 0, withoutRoomCount: 0, leftOutCount: 0 },
    index: { clippedCount: 0 },
    addCapacity: 1,
    close: async () => undefined,
  }),
}));
jest.mock('./canaries', () => ({ ...jest.requireActual<object>('./canaries'), checkSnapshot: jest.fn() }));

function loaderOf() {
  const metrics = createMetrics();
  const catalogue = { attach: async () => undefined, addBacklog: async () => undefined, detach: () => undefined };
  const logger = createLogger('retrieval', { level: 'silent', format: 'json' });
  const limits = { minimumRecall: 0, minimumOverlap: 0 };
  const loader = new SnapshotLoader({ metrics, catalogue, logger, limits } as unknown as SnapshotLoaderParts);
  const load = (snapshotId: string, overlap: number | undefined): Promise<RetrievalSnapshot> => {
    jest.mocked(checkSnapshot).mockResolvedValueOnce({ queryCount: 50, recall: 1, overlap });
    return loader.load({ snapshotId } as LocalSnapshot, new AbortController().signal, (work) => work(undefined));
  };
  const overlapTold = () => /^watchnext_retrieval_canary_overlap (.*)$/m.exec(metrics.render())?.[1];
  return { loader, load, overlapTold };
}

describe('the overlap that is told', () => {
  it('is that of the snapshot which serves, whatever is loaded beside it', async () => {
    const { loader, load, overlapTold } = loaderOf();
    await load('first', 0.75);
    expect(overlapTold()).toBe('NaN');
    loader.setCurrent('first');
    expect(overlapTold()).toBe('0.75');
    await load('of an experiment', 0.25);
    expect(overlapTold()).toBe('0.75');
  });

  it('is again that of the snapshot which is rolled back to', async () => {
    const { loader, load, overlapTold } = loaderOf();
    await load('first', undefined);
    loader.setCurrent('first');
    await load('second', 0.25);
    loader.setCurrent('second');
    expect(overlapTold()).toBe('0.25');
    loader.setCurrent('first');
    expect(overlapTold()).toBe('NaN');
  });
});
