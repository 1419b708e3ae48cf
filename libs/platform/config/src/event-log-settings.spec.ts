import { inspect } from 'node:util';
import { z } from 'zod';
import { checkEventLogSettings, eventLogSettings, requireConsistentEventLog } from './event-log-settings';
import { loadConfig } from './load-config';

const schema = z.object(eventLogSettings).superRefine(checkEventLogSettings);
const kafka = { WATCHNEXT_EVENT_LOG: 'kafka', WATCHNEXT_KAFKA_BROKERS: 'a:9092, b.example:9093' };
const sasl = {
  WATCHNEXT_KAFKA_SASL_MECHANISM: 'scram-sha-256',
  WATCHNEXT_KAFKA_SASL_USERNAME: 'me',
  WATCHNEXT_KAFKA_SASL_PASSWORD: 'hunter2',
};

describe('event log settings', () => {
  it('are embedded by default, whatever else the environment says', () => {
    const settings = loadConfig(schema, { WATCHNEXT_KAFKA_SASL_USERNAME: 'alone' });
    expect(settings.WATCHNEXT_EVENT_LOG).toBe('embedded');
  });

  it('take Kafka with its defaults', () => {
    expect(loadConfig(schema, kafka)).toMatchObject({
      WATCHNEXT_KAFKA_BROKERS: ['a:9092', 'b.example:9093'],
      WATCHNEXT_KAFKA_NAMESPACE: '',
      WATCHNEXT_KAFKA_COMPRESSION: 'gzip',
      WATCHNEXT_KAFKA_REPLICATION_FACTOR: 1,
      WATCHNEXT_KAFKA_TLS: false,
    });
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['no brokers', { WATCHNEXT_EVENT_LOG: 'kafka' }, /WATCHNEXT_KAFKA_BROKERS: is needed/],
    ['a broker without a port', { ...kafka, WATCHNEXT_KAFKA_BROKERS: 'a,b:1' }, /WATCHNEXT_KAFKA_BROKERS: host:port/],
    ['an unknown compression', { ...kafka, WATCHNEXT_KAFKA_COMPRESSION: 'rar' }, /WATCHNEXT_KAFKA_COMPRESSION/],
    ['a session too short', { ...kafka, WATCHNEXT_KAFKA_SESSION_TIMEOUT_MS: '100' }, /WATCHNEXT_KAFKA_SESSION_TIMEOUT_MS/],
    ['a namespace that no topic may have', { ...kafka, WATCHNEXT_KAFKA_NAMESPACE: 'a/b' }, /WATCHNEXT_KAFKA_NAMESPACE/],
    ['a mechanism alone', { ...kafka, WATCHNEXT_KAFKA_SASL_MECHANISM: 'plain' }, /_SASL_USERNAME.*\n.*_SASL_PASSWORD/],
    ['a password alone', { ...kafka, WATCHNEXT_KAFKA_SASL_PASSWORD: 'hunter2' }, /WATCHNEXT_KAFKA_SASL_MECHANISM: is needed/],
    ['plain without TLS', { ...kafka, ...sasl, WATCHNEXT_KAFKA_SASL_MECHANISM: 'plain' }, /WATCHNEXT_KAFKA_TLS=true/],
    ['certificates without TLS', { ...kafka, WATCHNEXT_KAFKA_TLS_CA_FILE: 'ca.pem' }, /WATCHNEXT_KAFKA_TLS: must be true/],
    ['a key alone', { ...kafka, WATCHNEXT_KAFKA_TLS: 'true', WATCHNEXT_KAFKA_TLS_KEY_FILE: 'k' }, /WATCHNEXT_KAFKA_TLS_CERT_FILE: is needed/],
  ])('refuse %s, by name', (_case, environment, message) => {
    const load = () => loadConfig(schema, environment);
    expect(load).toThrow(message);
    expect(load).not.toThrow(/hunter2/);
  });

  it('never show the password', () => {
    const settings = loadConfig(schema, { ...kafka, ...sasl });
    expect(`${inspect(settings)} ${JSON.stringify(settings)}`).not.toContain('hunter2');
    expect(settings.WATCHNEXT_KAFKA_SASL_PASSWORD?.reveal()).toBe('hunter2');
  });

  it('are checked again where they are used', () => {
    expect(() => requireConsistentEventLog({ WATCHNEXT_EVENT_LOG: 'kafka' })).toThrow(/WATCHNEXT_KAFKA_BROKERS/);
  });
});
