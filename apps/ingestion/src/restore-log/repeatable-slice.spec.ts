import { Event } from '@watchnext/contract';
import { applyEvent, encodeState, HOUR_MS, newState } from '@watchnext/features';
import { eventOf, watchOf } from '@watchnext/testing';
import fc from 'fast-check';
import { RepeatableSlice } from './repeatable-slice';

const AT_MS = Date.UTC(2026, 9, 1);

function slicesOf(events: readonly Event[]): Event[][] {
  const slices: Event[][] = [];
  let slice: RepeatableSlice | undefined;
  for (const event of events) {
    const record = { key: 'anna', value: Event.encode(event).finish() };
    if (!slice?.fits(record, event)) {
      slice = new RepeatableSlice();
      slices.push([]);
    }
    slice.add(record, event);
    slices.at(-1)?.push(event);
  }
  return slices;
}

function foldedOf(events: readonly Event[]): string {
  const state = newState('anna');
  for (const event of events) applyEvent(state, event);
  return Buffer.from(encodeState(state)).toString('hex');
}

describe('RepeatableSlice', () => {
  it('may come twice: states come out as of once', () => {
    const step = fc.record({
      gapHours: fc.integer({ min: 0, max: 30 }),
      lateHours: fc.integer({ min: 0, max: 23 }),
      backfill: fc.boolean(),
      video: fc.integer({ min: 0, max: 3 }),
    });
    let longest = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let nowMs = AT_MS;
        const events = steps.map(({ gapHours, lateHours, backfill, video }, i) => {
          nowMs += gapHours * HOUR_MS;
          const body = watchOf('anna', `video-${video}`, { playbackId: `playback-${i}` });
          return eventOf(body, nowMs - lateHours * HOUR_MS, { receivedAtMs: nowMs, backfill });
        });
        const slices = slicesOf(events);
        longest = Math.max(longest, ...slices.map(({ length }) => length));
        expect(slices.flat()).toEqual(events);
        expect(foldedOf(slices.flatMap((slice) => [...slice, ...slice]))).toBe(foldedOf(events));
      }),
    );
    expect(longest).toBeGreaterThan(3);
  });

  it('ends below what a broker takes at once, and holds any single record', () => {
    const slice = new RepeatableSlice();
    const record = { key: 'anna', value: new Uint8Array(400_000) };
    expect(slice.fits({ ...record, value: new Uint8Array(2_000_000) }, undefined)).toBe(true);
    slice.add(record, undefined);
    expect(slice.fits(record, undefined)).toBe(false);
  });
});
