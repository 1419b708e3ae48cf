import type { Event } from '@watchnext/contract';
import { DAY_MS } from '@watchnext/features';
import type { Logger } from '@watchnext/service';
import { eventOf, temporaryDirectory, watchOf, TEST_LIMIT_MS } from '@watchnext/testing';
import { parseCommand } from '../src/cli';
import { trainOnce } from '../src/train-once';
import { LOGGER } from '../src/tokens';
import { TrainingRunner } from '../src/training-runner';
import { contextOf } from './harness';
import { archiveEvents, FIRST_DAY_MS, syntheticEvents } from './synthetic-log';

const DAY_COUNT = 4;
const EVENTS = syntheticEvents({ userCount: 20, videoCount: 80, dayCount: DAY_COUNT });

/** Completed watches of one user, one a minute from the day's noon on. */
const watchesOn = (day: number, count: number): Event[] =>
  Array.from({ length: count }, (_, n) => {
    const watch = watchOf('heavy', `video-${n % 80}`, {
      playbackId: `playback-heavy-${day}-${n}`,
      positionSeconds: 90,
    });
    return eventOf(watch, FIRST_DAY_MS + (day + 0.5) * DAY_MS + n * 60_000, { backfill: true });
  });

/** What the trainer says of its split, and how it ended: it is stopped there. */
async function splitOf(events: readonly Event[]): Promise<Record<string, unknown>> {
  const data = await temporaryDirectory('heavy-user');
  try {
    await archiveEvents(data.path, events);
    const app = await contextOf(data.path);
    const logger = app.get<Logger>(LOGGER);
    const runner = app.get(TrainingRunner);
    const split = new Promise<Record<string, unknown>>((resolve) => {
      jest.spyOn(logger, 'info').mockImplementation((facts: unknown) => {
        if ((facts as Record<string, unknown>).stage !== 'split by time') return;
        resolve(facts as Record<string, unknown>);
        void runner.stop();
      });
    });
    const code = await trainOnce(app, parseCommand(['--once'], { exitOverride: true }));
    expect(code).toBe(143);
    return await split;
  } finally {
    await data.remove();
  }
}

it(
  'trains on a hundred watches of a user who has as many on the held-out day',
  async () => {
    const without = await splitOf(EVENTS);
    const last = DAY_COUNT - 1;
    const heavy = await splitOf([...EVENTS, ...watchesOn(last - 1, 120), ...watchesOn(last, 120)]);
    expect(heavy.evaluatedFrom).toBe(without.evaluatedFrom);
    expect(heavy.candidateTraining).toBe((without.candidateTraining as number) + 100);
    expect(heavy.candidateHeldOut).toBe((without.candidateHeldOut as number) + 100);
  },
  TEST_LIMIT_MS,
);
