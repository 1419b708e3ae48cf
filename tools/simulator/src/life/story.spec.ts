import { Event } from '@watchnext/contract';
import { applyEvent, encodeState, newState, refuse } from '@watchnext/features';
import { partitionOf } from '@watchnext/event-log';
import { World } from '../world';
import { everyDelivery } from './deliver';

const endMs = Date.UTC(2026, 10, 20, 17, 30);
const world = new World({ seed: 5, viewerCount: 90, videoCount: 200, dayCount: 4, endMs });

const lives = everyDelivery(world, false);
const all = lives.flat();

describe('a told life', () => {
  it('is encoded as the contract encodes it, byte for byte, with every kind of event', () => {
    const kinds = new Set<string>();
    for (const { value } of all) {
      const event = Event.decode(value);
      kinds.add(event.body!.$case);
      if (!Buffer.from(Event.encode(event).finish()).equals(value)) expect(value).toEqual(Event.encode(event).finish());
    }
    expect([...kinds].sort()).toEqual([
      'dismissal',
      'impressionsServed',
      'impressionsViewed',
      'search',
      'userMerged',
      'userUpserted',
      'watch',
    ]);
  });

  it('is let in by ingestion, each event received when it was delivered', () => {
    for (const { value, deliveredAtMs } of all) {
      const event = Event.decode(value);
      const judged = { refusal: refuse(event, deliveredAtMs), receivedAtMs: event.receivedAtMs };
      if (judged.refusal || judged.receivedAtMs !== deliveredAtMs || event.occurredAtMs > endMs)
        expect(judged).toEqual({ refusal: undefined, receivedAtMs: deliveredAtMs });
    }
  });

  it('comes in the order of delivery, keyed by the user', () => {
    for (const life of lives) {
      for (let i = 1; i < life.length; i++)
        expect(life[i].deliveredAtMs).toBeGreaterThanOrEqual(life[i - 1].deliveredAtMs);
      for (const { key, value } of life)
        expect((Event.decode(value).body!.value as { userId: string }).userId).toBe(key);
    }
  });

  it('carries at a login the state that the anonymous viewer had', () => {
    let merges = 0;
    for (const life of lives) {
      const at = life.findIndex(({ value }) => Event.decode(value).body!.$case === 'userMerged');
      if (at < 0) continue;
      const { body } = Event.decode(life[at].value);
      if (body?.$case !== 'userMerged') throw new Error('no merge');
      const { anonymousUserId, history } = body.value;
      const before = life.slice(0, at).filter(({ key }) => key === anonymousUserId);
      const state = newState(anonymousUserId);
      for (const { value } of before) applyEvent(state, Event.decode(value));
      state.seenEvents = [];
      if (before.length === 0) expect(history).toBeUndefined();
      else expect(Buffer.from(encodeState(history!)).equals(encodeState(state))).toBe(true);
      if (before.length > 0) merges++;
      // An anonymous viewer and its user are in different partitions as often as chance has it.
      expect(partitionOf(anonymousUserId, 4)).toBeLessThan(4);
    }
    expect(merges).toBeGreaterThan(1);
  });

  it('told as a backfill says the same at the same times', () => {
    const again = everyDelivery(world, true).flat();
    expect(again.length).toBe(all.length);
    again.forEach(({ value, key, deliveredAtMs }, i) => {
      const event = Event.decode(value);
      const live = Event.decode(all[i].value);
      const expected = { ...live, backfill: true, receivedAtMs: live.occurredAtMs };
      const same = Buffer.from(value).equals(Event.encode(expected).finish());
      if (!same || key !== all[i].key || deliveredAtMs !== all[i].deliveredAtMs) expect(event).toEqual(expected);
    });
  });
});
