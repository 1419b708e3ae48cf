import type { CandidateModel, ColdStart } from '@watchnext/candidate-model';
import type { OpenIndex } from '@watchnext/vector-search';
import { eventOf, videoFactsOf, videoUpsertedOf } from '@watchnext/testing';
import { LiveCatalogue } from './live-catalogue';
import { SnapshotVideos } from './snapshot-videos';

const NOW_MS = Date.UTC(2026, 10, 26);
const upserted = (videoId: string, uploadedAtMs = 0) =>
  eventOf(videoUpsertedOf(videoId, { video: videoFactsOf({ uploadedAtMs }) }), NOW_MS);
const withdrawn = (videoId: string) => eventOf({ $case: 'videoWithdrawn', value: { videoId, reason: 'spec' } }, NOW_MS);

/** A snapshot that learned nothing, with room for so many. */
function snapshotOf(room: number) {
  const attributes = {
    withdrawn: new Uint8Array(room),
    channels: new Int32Array(room).fill(-1),
    rules: new Int32Array(room),
  };
  let count = 0;
  const index = {
    attributes,
    add: () => (count < room ? { label: count++, findable: Promise.resolve() } : undefined),
    setWithdrawn: (label: number, isWithdrawn: boolean) => (attributes.withdrawn[label] = isWithdrawn ? 1 : 0),
  } as unknown as OpenIndex;
  const model = { videoCount: 0, videoRow: () => undefined } as unknown as CandidateModel;
  const coldStart = { vectorOf: () => new Float32Array(2) } as unknown as ColdStart;
  return new SnapshotVideos(model, index, coldStart);
}

describe('videos that a snapshot lacks', () => {
  const fail = (error: unknown) => {
    throw error;
  };

  it('are those of the backlog that a new snapshot leaves out too', async () => {
    const catalogue = new LiveCatalogue(fail);
    for (let i = 0; i < 10; i++) catalogue.apply(upserted(`v${i}`, i));
    const snapshot = snapshotOf(6);
    await catalogue.attach(snapshot);
    await catalogue.addBacklog(snapshot, 6);
    // Half of the room is for the newest of them.
    expect([snapshot.addedCount, snapshot.leftOutCount]).toEqual([3, 7]);
    // One that is told of again gets in, and one that is withdrawn needs no room.
    catalogue.apply(upserted('v0'));
    catalogue.apply(withdrawn('v1'));
    expect([snapshot.addedCount, snapshot.leftOutCount]).toEqual([4, 5]);
    for (const videoId of ['v2', 'v3', 'v4']) catalogue.apply(upserted(videoId));
    expect([snapshot.addedCount, snapshot.leftOutCount, snapshot.withoutRoomCount]).toEqual([6, 2, 1]);
  });

  it('for want of room are counted once, however often they are told of', async () => {
    const catalogue = new LiveCatalogue(fail);
    const snapshot = snapshotOf(1);
    await catalogue.attach(snapshot);
    for (const videoId of ['a', 'b', 'b', 'c', 'b']) catalogue.apply(upserted(videoId));
    expect([snapshot.addedCount, snapshot.withoutRoomCount]).toEqual([1, 2]);
  });
});
