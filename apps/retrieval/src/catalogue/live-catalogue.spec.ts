import type { CandidateModel, ColdStart } from '@watchnext/candidate-model';
import { Profile, RequestContext } from '@watchnext/contract';
import { newState } from '@watchnext/features';
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
    add: (_vector: Float32Array, { channel, rule }: { channel: number; rule: number }) => {
      if (count >= room) return undefined;
      attributes.channels[count] = channel;
      attributes.rules[count] = rule;
      return { label: count++, findable: Promise.resolve() };
    },
    setWithdrawn: (label: number, isWithdrawn: boolean) => (attributes.withdrawn[label] = isWithdrawn ? 1 : 0),
  } as unknown as OpenIndex;
  const model = { videoCount: 0, videoRow: () => undefined } as unknown as CandidateModel;
  const coldStart = { vectorOf: () => new Float32Array(2) } as unknown as ColdStart;
  return Object.assign(new SnapshotVideos(model, index, coldStart), { attributes });
}

describe('the numbers of rules and channels', () => {
  const fail = (error: unknown) => {
    throw error;
  };
  const only = (videoId: string, country: string, channelId = '') =>
    eventOf(
      videoUpsertedOf(videoId, {
        video: videoFactsOf({ channelId }),
        availability: { countries: [country], excludedCountries: [], minimumAgeYears: 0 },
      }),
      NOW_MS,
    );
  const viewerIn = (country: string, blockedChannelIds: string[] = []) => ({
    state: { ...newState('u'), profile: Profile.fromPartial({ blockedChannelIds }) },
    context: RequestContext.fromPartial({ requestedAtMs: NOW_MS, country }),
  });

  it('do not grow with rules and channels that no video has any more', () => {
    const catalogue = new LiveCatalogue(fail);
    for (let i = 0; i < 1_000; i++) catalogue.apply(only('a', `X${i}`, `channel-${i}`));
    const { state, context } = viewerIn('SE', ['channel-7', 'channel-999']);
    const { forbiddenRules, countryRules, blockedChannels } = catalogue.restrictionsFor(state, context);
    expect(forbiddenRules.length).toBeLessThanOrEqual(3);
    expect([countryRules.length, blockedChannels.length]).toEqual([1, 1]);
  });

  it('are never those of another rule or channel in a snapshot that is held', async () => {
    const catalogue = new LiveCatalogue(fail);
    const snapshot = snapshotOf(10);
    await catalogue.attach(snapshot);
    const videoIds = ['a', 'b', 'c'];
    const countries = new Map<string, string>();
    for (let step = 0; step < 200; step++) {
      const videoId = videoIds[(step * 7) % 3]!;
      const country = `X${(step * 5) % 11}`;
      countries.set(videoId, country);
      catalogue.apply(only(videoId, country, `channel of ${country}`));
      if (step % 13 === 0) catalogue.apply(withdrawn(videoId));
      for (const viewerCountry of ['X1', 'X5', 'SE']) {
        const { state, context } = viewerIn(viewerCountry, ['channel of X3']);
        const { forbiddenRules, blockedChannels } = catalogue.restrictionsFor(state, context);
        for (const [id, allowed] of countries) {
          const label = snapshot.labelOf(id);
          if (label === undefined) continue;
          const { rules, channels } = snapshot.attributes;
          expect(forbiddenRules[rules[label]!]).toBe(allowed === viewerCountry ? 0 : 1);
          expect(blockedChannels.includes(channels[label]!)).toBe(allowed === 'X3');
        }
      }
    }
  });
});

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
