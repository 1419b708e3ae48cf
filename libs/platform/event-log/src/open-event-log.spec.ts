import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkEventLogSettings, eventLogSettings, loadConfig } from '@watchnext/config';
import { z } from 'zod';
import { kafkaSettingsOf, openEventLog } from './open-event-log';

const parse = (environment: Record<string, string>) =>
  loadConfig(z.object(eventLogSettings).superRefine(checkEventLogSettings), environment);

describe('openEventLog', () => {
  it('opens the embedded log by default', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'watchnext-open-log-'));
    const log = await openEventLog(parse({}), directory, 'gateway');
    await log.ensureTopics([{ name: 'open.v1', partitionCount: 2 }]);
    expect(await log.append('open.v1', [{ key: 'k', value: Buffer.from('v') }])).toHaveLength(1);
    await log.close();
    await rm(directory, { recursive: true });
  });

  it('names the variable of a folder that cannot be made', async () => {
    await expect(openEventLog(parse({}), join(__filename, 'event-log'), 'gateway')).rejects.toThrow(
      /WATCHNEXT_DATA_DIR: the folder .*event-log cannot be made or written to \(ENOTDIR\)/,
    );
  });

  it('says within the call time-out that no broker answers, and where', async () => {
    const settings = parse({
      WATCHNEXT_EVENT_LOG: 'kafka',
      WATCHNEXT_KAFKA_BROKERS: '127.0.0.1:9',
      WATCHNEXT_KAFKA_REQUEST_TIMEOUT_MS: '500',
    });
    await expect(openEventLog(settings, '', 'gateway')).rejects.toMatchObject({
      code: 'log-unavailable',
      message: expect.stringContaining('127.0.0.1:9'),
    });
  });

  it('is known to brokers by the app that opens it', () => {
    const settings = parse({ WATCHNEXT_EVENT_LOG: 'kafka', WATCHNEXT_KAFKA_BROKERS: 'a:1' });
    expect(kafkaSettingsOf(settings, 'ranking').clientId).toBe('ranking');
  });

  it('names the variable of a certificate that cannot be read', () => {
    const settings = parse({
      WATCHNEXT_EVENT_LOG: 'kafka',
      WATCHNEXT_KAFKA_BROKERS: 'a:1',
      WATCHNEXT_KAFKA_TLS: 'true',
      WATCHNEXT_KAFKA_TLS_CA_FILE: '/nowhere/ca.pem',
    });
    expect(() => kafkaSettingsOf(settings, 'gateway')).toThrow(
      /WATCHNEXT_KAFKA_TLS_CA_FILE: cannot be read \(ENOENT\)/,
    );
  });
});
