import { searchEvent } from './create-event';
import { ProducerClient } from './producer-client';

const search = searchEvent({ userId: 'anna', query: 'cats' });

describe('an event that cannot be encoded', () => {
  it.each([
    [
      { occurredAtMs: 1_795_000_000_000.5 },
      /occurredAtMs is whole milliseconds since 1970, and 1795000000000\.5 is not/,
    ],
    [{ occurredAtMs: NaN }, /occurredAtMs .* NaN is not/],
    [{ occurredAtMs: Infinity }, /occurredAtMs .* Infinity is not/],
    [{ receivedAtMs: 0.5 }, /an event that cannot be sent: .*0\.5/],
  ])('is turned away with what is wrong with it: %j', async (wrong, message) => {
    const client = new ProducerClient({ url: 'http://127.0.0.1:9', producer: 'spec' });
    await expect(client.send({ ...search, ...wrong })).rejects.toMatchObject({
      ...{ name: 'InvalidEventError', code: 'invalid-event', retriable: false },
      message: expect.stringMatching(message),
    });
    expect(client.statistics()).toMatchObject({ pendingEvents: 0 });
    await client.close();
  });
});
