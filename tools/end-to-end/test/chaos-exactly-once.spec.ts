/** One seed of `npm run chaos`, which has the other nine. */
import { missingForStack } from '@watchnext/local-stack';
import { describeUnlessMissing } from '@watchnext/testing';
import { runChaos, startEmbeddedWorld, startRealWorld, type ChaosOptions, type OwnWorld } from '../src';

const LIMIT_MS = 600_000;

async function expectExactlyOnce(world: OwnWorld, options: ChaosOptions): Promise<void> {
  try {
    const result = await runChaos(world, options);
    expect(result.eventCount).toBe(options.eventCount);
    expect(result.userCount).toBeGreaterThan(400);
    expect(result.log.lostCount).toBe(0);
    expect(result.differences).toEqual([]);
  } finally {
    await world.dispose();
  }
}

describe('materialisers killed, added and removed on the embedded drivers', () => {
  it(
    'fold every acknowledged event into the states exactly once',
    () =>
      expectExactlyOnce(startEmbeddedWorld(), { seed: 1, eventCount: 8_000, partitionCount: 12, fleetStrikeCount: 4 }),
    LIMIT_MS,
  );
});

describeUnlessMissing(
  missingForStack({ kafka: true, redis: true }),
  'materialisers killed, added and removed while Kafka and Redis are restarted',
  () => {
    it(
      'fold 100,000 acknowledged events into the states exactly once',
      async () =>
        expectExactlyOnce(await startRealWorld(), {
          seed: 1,
          eventCount: 100_000,
          partitionCount: 12,
          fleetStrikeCount: 6,
        }),
      LIMIT_MS,
    );
  },
);
