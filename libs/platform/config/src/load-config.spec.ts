import { z } from 'zod';
import { ConfigError, loadConfig } from './load-config';
import { checkDriverSettings, driverSettings } from './driver-settings';
import { flag, port, positiveInteger } from './settings';

describe('loadConfig', () => {
  const schema = z.object({ HTTP_PORT: port(3000), PRETTY: flag(false) });

  it('takes defaults for unset and empty variables', () => {
    expect(loadConfig(schema, { HTTP_PORT: '' })).toEqual({ HTTP_PORT: 3000, PRETTY: false });
  });

  it('converts what is set', () => {
    expect(loadConfig(schema, { HTTP_PORT: '8080', PRETTY: 'true' })).toEqual({ HTTP_PORT: 8080, PRETTY: true });
  });

  it('names every variable at fault at once and does not repeat values', () => {
    const load = () => loadConfig(schema, { HTTP_PORT: '70000', PRETTY: 'hunter2' });
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(/HTTP_PORT[\s\S]*PRETTY/);
    expect(load).not.toThrow(/hunter2/);
  });

  const problemsOf = (of: z.ZodType, environment: Record<string, string>): readonly string[] => {
    try {
      loadConfig(of, environment);
      return [];
    } catch (error) {
      return (error as ConfigError).problems;
    }
  };

  it('says what may be given in plain words', () => {
    const many = z.object({
      DAYS: positiveInteger(1).optional(),
      SHARE: z.coerce.number().min(0).max(1).default(1),
      SECONDS: z.coerce.number().positive().default(2),
      PORT: port(1),
      LEVEL: z.enum(['info', 'warn', 'error']).default('info'),
      URL: z.url({ error: 'a URL http:// or https://' }).optional(),
      NAME: z.string(),
    });
    const wrong = { DAYS: 'x', SHARE: '2', SECONDS: '0', PORT: '1.5', LEVEL: 'loud', URL: 'x' };
    expect(problemsOf(many, wrong)).toEqual([
      'DAYS: must be a whole number of 1 or more',
      'SHARE: must be a number from 0 to 1',
      'SECONDS: must be a number above 0',
      'PORT: must be a whole number from 0 to 65535',
      'LEVEL: must be info, warn or error',
      'URL: a URL http:// or https://',
      'NAME: is needed',
    ]);
  });

  it('tells in the same round what does not fit together, but nothing on the ground of a wrong variable', () => {
    const drivers = z
      .object({ ...driverSettings, HTTP_PORT: port(3000) })
      .superRefine((settings, context) => checkDriverSettings(settings, context));
    expect(problemsOf(drivers, { HTTP_PORT: 'x', WATCHNEXT_EVENT_LOG: 'kafka' })).toEqual([
      'HTTP_PORT: must be a whole number from 0 to 65535',
      expect.stringMatching(/^WATCHNEXT_KAFKA_BROKERS: is needed with WATCHNEXT_EVENT_LOG=kafka/),
    ]);
    expect(problemsOf(drivers, { WATCHNEXT_EVENT_LOG: 'kafak' })).toEqual([
      'WATCHNEXT_EVENT_LOG: must be embedded or kafka',
    ]);
  });
});
