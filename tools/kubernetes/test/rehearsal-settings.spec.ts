/** The rehearsal has something for all that only a cluster has, and leaves everything else as in production. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stack } from '@watchnext/local-stack';
import { describeUnlessMissing } from '@watchnext/testing';
import { findKey, parseKeyFile } from '../../../apps/ingestion/src/access/api-keys';
import { environmentOf, missingForManifests, workloadsOf } from '../src';
import { kafkaUsers } from '../src/rehearsal/kafka-rights';
import { localSettings } from '../src/rehearsal/settings';
import { built } from './built';

describeUnlessMissing(missingForManifests(), 'the environment of the rehearsal', () => {
  let directory: string;
  beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'watchnext-rehearsal-settings-'))));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const user = (username: string) => ({ username, password: `password of ${username}` });
  const stack = (): Stack => ({
    brokerCount: 1,
    redis: 'cluster',
    processes: [],
    security: {
      caFile: '/local/ca.pem',
      admin: user('admin'),
      user: user('guest'),
      users: kafkaUsers(built('strimzi')).map(user),
    },
    environment: {
      WATCHNEXT_KAFKA_BROKERS: '127.0.0.1:1',
      WATCHNEXT_KAFKA_TLS_CA_FILE: '/local/ca.pem',
      WATCHNEXT_REDIS_CLUSTER: '127.0.0.1:2',
      WATCHNEXT_S3_ENDPOINT: 'http://127.0.0.1:3',
      WATCHNEXT_S3_BUCKET: 'local',
      WATCHNEXT_S3_ACCESS_KEY_ID: 'any',
      WATCHNEXT_S3_SECRET_ACCESS_KEY: 'any',
    },
  });
  const settings = () => {
    const objects = built('overlays/production');
    const place = {
      stack: stack(),
      objects,
      directory,
      addresses: { retrieval: [4, 5], ranking: [6, 7], collectUrl: 'http://127.0.0.1:8' },
    };
    return workloadsOf(objects).map((workload) => ({
      workload,
      production: environmentOf(workload, objects),
      local: localSettings(workload, place, [9, 10], join(directory, workload.name)),
    }));
  };

  it('names nothing that only the cluster has', () => {
    for (const { local } of settings()) {
      expect(
        Object.entries(local).filter(([, value]) => /\/etc\/|\/var\/|\.svc|\.internal|:700\d/.test(value)),
      ).toEqual([]);
    }
  });

  it('keeps every other setting of production', () => {
    const kept = [
      'EVENT_LOG',
      'FEATURE_STORE',
      'OBJECT_STORE',
      'KAFKA_TLS',
      'KAFKA_SASL_MECHANISM',
      'ACTIVITY_PARTITIONS',
      'S3_REGION',
    ];
    for (const { local, production } of settings()) {
      for (const name of kept.map((one) => `WATCHNEXT_${one}`))
        expect([name, local[name]]).toEqual([name, production.get(name)?.value]);
    }
  });

  it('gives the gateways a key of their own, for what viewers do', () => {
    const fileOf = (setting: string) => {
      const path = settings().find(({ local }) => local[setting] !== undefined)?.local[setting];
      return readFileSync(path as string, 'utf8');
    };
    const keys = parseKeyFile(fileOf('WATCHNEXT_API_KEYS_FILE'));
    expect(findKey(keys, fileOf('WATCHNEXT_GATEWAY_API_KEY_FILE').trim())).toMatchObject({
      name: 'gateway',
      kinds: ['watch', 'search', 'dismissal', 'impressionsViewed'],
    });
  });

  it('gives each pod the Kafka user of its service account, and the gateways every pod of the models', () => {
    for (const { workload, local } of settings()) {
      if (workload.name === 'gateway')
        expect(local['WATCHNEXT_RETRIEVAL_ADDRESS']).toBe('ipv4:127.0.0.1:4,127.0.0.1:5');
      // Who opens no event log has none.
      const password = workload.name === 'merge-archive' ? undefined : `password of ${workload.pod.serviceAccountName}`;
      expect(local['WATCHNEXT_KAFKA_SASL_PASSWORD']).toBe(password);
    }
  });
});
