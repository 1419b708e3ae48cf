import { DEFAULTS, type ProducerClientOptions, withDefaults } from './options';
import { ProducerClient } from './producer-client';

describe('a producer client', () => {
  const required = { url: 'http://127.0.0.1:9', producer: 'spec' };

  it.each<[keyof ProducerClientOptions, unknown, string]>([
    ['maxBatchEvents', 0, '0 is no whole number of 1 or more; leave it out for 500'],
    ['maxBatchEvents', NaN, 'NaN is no whole number of 1 or more; leave it out for 500'],
    ['maxBatchBytes', 1.5, '1.5 is no whole number of 1 or more; leave it out for 900000'],
    ['lingerMs', -1, '-1 is no whole number from 0 to 2147483647; leave it out for 50'],
    ['maxBufferedEvents', 0, '0 is no whole number of 1 or more; leave it out for 10000'],
    ['maxBufferedBytes', '64MB', '64MB is no whole number of 1 or more; leave it out for 33554432'],
    ['requestTimeoutMs', 0, '0 is no whole number from 1 to 2147483647; leave it out for 10000'],
    ['retryBaseMs', null, 'null is no whole number from 1 to 2147483647; leave it out for 100'],
    ['retryCapMs', Infinity, 'Infinity is no whole number from 1 to 2147483647; leave it out for 30000'],
    ['maxSpoolBytes', -5, '-5 is no whole number of 1 or more; leave it out for 1073741824'],
    ['spoolAfterFailures', 0, '0 is no whole number of 1 or more; leave it out for 3'],
  ])('is not made with %s of %p, which cannot work', (option, value, reason) => {
    const refusal = { name: 'ProducerOptionError', code: 'option', option, message: `${option}: ${reason}` };
    expect(() => new ProducerClient({ ...required, [option]: value })).toThrow(expect.objectContaining(refusal));
  });

  it('is made without bounds where they are Infinity, and with its own where nothing is said', () => {
    const unbounded = {
      maxBufferedEvents: Infinity,
      maxBufferedBytes: Infinity,
      maxSpoolBytes: Infinity,
      spoolAfterFailures: Infinity,
    };
    const given = { ...required, ...unbounded, lingerMs: 0, maxBatchEvents: undefined };
    expect(withDefaults(given as unknown as ProducerClientOptions)).toEqual({
      ...DEFAULTS,
      ...given,
      maxBatchEvents: 500,
    });
  });
});
