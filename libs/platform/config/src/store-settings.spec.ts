import { inspect } from 'node:util';
import { z } from 'zod';
import { ConfigError, loadConfig } from './load-config';
import { checkStoreSettings, featureStoreSettings, objectStoreSettings, requireConsistent } from './store-settings';
import { redisCertificates } from './tls-files';

const schema = z.object({ ...featureStoreSettings, ...objectStoreSettings }).superRefine(checkStoreSettings);
const redis = { WATCHNEXT_FEATURE_STORE: 'redis' };
const s3 = { WATCHNEXT_OBJECT_STORE: 's3', WATCHNEXT_S3_BUCKET: 'bucket' };

describe('store settings', () => {
  it('are embedded by default, whatever else the environment says', () => {
    const settings = loadConfig(schema, { WATCHNEXT_REDIS_URL: 'redis://a:1', WATCHNEXT_REDIS_CLUSTER: 'b:2' });
    expect(settings).toMatchObject({ WATCHNEXT_FEATURE_STORE: 'embedded', WATCHNEXT_OBJECT_STORE: 'folder' });
  });

  it.each([
    ['URL', { WATCHNEXT_REDIS_URL: 'rediss://user:pass@host:6380/2' }],
    ['Cluster', { WATCHNEXT_REDIS_CLUSTER: 'a:7000, [::1]:7001' }],
    ['Sentinel', { WATCHNEXT_REDIS_SENTINELS: 'a:26379', WATCHNEXT_REDIS_SENTINEL_MASTER: 'main' }],
  ])('take Redis as %s', (_form, environment) => {
    expect(loadConfig(schema, { ...redis, ...environment })).toMatchObject({ WATCHNEXT_FEATURE_STORE: 'redis' });
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['no form of Redis', redis, /exactly one of WATCHNEXT_REDIS_URL.*none is set/],
    [
      'two forms of Redis',
      { ...redis, WATCHNEXT_REDIS_URL: 'redis://a:1', WATCHNEXT_REDIS_CLUSTER: 'b:2' },
      /WATCHNEXT_REDIS_URL and WATCHNEXT_REDIS_CLUSTER are set/,
    ],
    [
      'sentinels without a name',
      { ...redis, WATCHNEXT_REDIS_SENTINELS: 'a:1' },
      /WATCHNEXT_REDIS_SENTINEL_MASTER: is needed/,
    ],
    ['an address without a port', { ...redis, WATCHNEXT_REDIS_CLUSTER: 'host' }, /WATCHNEXT_REDIS_CLUSTER: host:port/],
    [
      'a user without a password',
      { ...redis, WATCHNEXT_REDIS_URL: 'redis://a:1', WATCHNEXT_REDIS_USERNAME: 'u' },
      /WATCHNEXT_REDIS_PASSWORD: is needed/,
    ],
    [
      'certificates without TLS',
      { ...redis, WATCHNEXT_REDIS_URL: 'redis://a:1', WATCHNEXT_REDIS_TLS_CA_FILE: 'ca.pem' },
      /WATCHNEXT_REDIS_TLS: must be true/,
    ],
    ['S3 without a bucket', { WATCHNEXT_OBJECT_STORE: 's3' }, /WATCHNEXT_S3_BUCKET: is needed/],
    ['half of the S3 keys', { ...s3, WATCHNEXT_S3_ACCESS_KEY_ID: 'id' }, /WATCHNEXT_S3_SECRET_ACCESS_KEY: is needed/],
  ])('name the variables at fault for %s', (_name, environment, message) => {
    expect(() => loadConfig(schema, environment)).toThrow(message);
  });

  it.each([
    ['the scheme', { WATCHNEXT_REDIS_URL: 'rediss://a:1' }],
    ['the scheme in capitals', { WATCHNEXT_REDIS_URL: 'REDISS://a:1' }],
    ['name', { WATCHNEXT_REDIS_URL: 'redis://a:1', WATCHNEXT_REDIS_TLS: 'true' }],
  ])('read the certificate that Redis is shown, where TLS is asked for by %s', (_how, environment) => {
    const files = { WATCHNEXT_REDIS_TLS_CERT_FILE: '/none/tls.crt', WATCHNEXT_REDIS_TLS_KEY_FILE: '/none/tls.key' };
    const settings = loadConfig(schema, { ...redis, ...environment, ...files });
    expect(() => redisCertificates(settings)).toThrow(/WATCHNEXT_REDIS_TLS_CERT_FILE/);
    expect(redisCertificates(loadConfig(schema, { ...redis, ...environment }))?.current).toEqual({});
  });

  it('read no certificates for a Redis that is talked to in the clear', () => {
    expect(redisCertificates(loadConfig(schema, { ...redis, WATCHNEXT_REDIS_URL: 'redis://a:1' }))).toBeUndefined();
  });

  it('never show a secret, in what is parsed or in what is refused', () => {
    const environment = {
      ...redis,
      ...s3,
      WATCHNEXT_REDIS_URL: 'redis://anna:hunter2@host:6379',
      WATCHNEXT_REDIS_PASSWORD: 'hunter2',
      WATCHNEXT_S3_ACCESS_KEY_ID: 'id',
      WATCHNEXT_S3_SECRET_ACCESS_KEY: 'hunter2',
    };
    const settings = loadConfig(schema, environment);
    expect(settings.WATCHNEXT_REDIS_PASSWORD?.reveal()).toBe('hunter2');
    for (const shown of [
      inspect(settings, { depth: 9, showHidden: true }),
      JSON.stringify(settings),
      `${settings.WATCHNEXT_REDIS_URL}`,
    ]) {
      expect(shown).not.toContain('hunter2');
    }
    const refuse = () => loadConfig(schema, { ...environment, WATCHNEXT_REDIS_URL: 'http://anna:hunter2@host' });
    expect(refuse).toThrow(ConfigError);
    expect(refuse).toThrow(/WATCHNEXT_REDIS_URL: a URL redis:/);
    expect(refuse).not.toThrow(/hunter2/);
  });

  it('are checked again where a schema was not', () => {
    const unchecked = loadConfig(z.object(featureStoreSettings), redis);
    expect(() => requireConsistent(unchecked)).toThrow(/exactly one of WATCHNEXT_REDIS_URL/);
  });
});
