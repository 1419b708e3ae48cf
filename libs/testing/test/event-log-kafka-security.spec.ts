/** A broker with TLS, SCRAM and authorisation: who may, may; everybody else hears why not, soon, and no log a secret. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { openKafkaEventLog, type KafkaSettings } from '@watchnext/event-log';
import type { KafkaSecurity } from '@watchnext/local-stack';
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  Kafka,
  logLevel,
  ResourcePatternTypes,
} from 'kafkajs';
import { eventually, FoldingHandler, makeAuthority } from '../src';
import { describeOnOwnKafka, type OwnKafka, startOwnKafka } from './drivers/own-kafka';

const TOPIC = 'secured.v1';
const LIMIT_MS = 240_000;
const SLACK_MS = 15_000;
/** Of clients that try in vain until their time is over; a refusal by name is heard at once, however long it might take. */
const HASTY_REQUEST_TIMEOUT_MS = 2_000;
const REFUSAL_LIMIT_MS = 2 * HASTY_REQUEST_TIMEOUT_MS + SLACK_MS;

describeOnOwnKafka('Kafka with TLS, SCRAM and authorisation', () => {
  let kafka: OwnKafka;
  let security: KafkaSecurity;
  let secured: KafkaSettings;
  let hasty: KafkaSettings;
  let printed = '';
  /** PEM of an authority that signed nothing here. */
  const makeStranger = () => {
    makeAuthority(kafka.directory, 'stranger', 'nobody');
    return readFileSync(join(kafka.directory, 'stranger.pem'), 'utf8');
  };

  beforeAll(async () => {
    kafka = await startOwnKafka({ secureKafka: true });
    security = kafka.stack.security as KafkaSecurity;
    const ca = readFileSync(security.caFile, 'utf8');
    secured = { ...kafka.settings, tls: { ca }, sasl: { mechanism: 'scram-sha-512', ...security.admin } };
    hasty = { ...secured, requestTimeoutMs: HASTY_REQUEST_TIMEOUT_MS };
  }, LIMIT_MS);
  afterAll(() => kafka?.stop(), LIMIT_MS);
  beforeEach(() => {
    for (const stream of [process.stdout, process.stderr]) {
      jest.spyOn(stream, 'write').mockImplementation((chunk) => (printed += String(chunk)) !== '');
    }
  });
  afterEach(() => jest.restoreAllMocks());

  const spec = (name: string, body: () => Promise<void>) => it(name, body, LIMIT_MS);
  /** The error of opening with these settings, checked to come in time and to tell no secret. */
  const refusal = async (settings: KafkaSettings) => {
    const startMs = Date.now();
    const error = await openKafkaEventLog(settings).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(Date.now() - startMs).toBeLessThan(REFUSAL_LIMIT_MS);
    const told = `${inspect(error, { depth: 10, showHidden: true })} ${JSON.stringify(error)} ${printed}`;
    for (const secret of [settings.sasl?.password, security.admin.password])
      if (secret) expect(told).not.toContain(secret);
    return error;
  };

  it.each(['scram-sha-256', 'scram-sha-512'] as const)(
    'lets the right credentials in (%s)',
    async (mechanism) => {
      const topic = `${mechanism}.v1`;
      const log = await openKafkaEventLog({ ...secured, sasl: { mechanism, ...security.admin } });
      const handler = new FoldingHandler();
      await log.ensureTopics([{ name: topic, partitionCount: 2 }]);
      await log.append(topic, [{ key: 'k', value: Buffer.from('v') }]);
      await log.joinGroup({ topic, groupId: 'secured' }, handler);
      await eventually(() => expect(handler.texts()).toEqual(['v']));
      await log.close();
    },
    LIMIT_MS,
  );

  spec('refuses a wrong password', async () => {
    const sasl = { mechanism: 'scram-sha-256', username: 'admin', password: 'wrong-hunter2' } as const;
    expect(await refusal({ ...secured, sasl })).toMatchObject({ code: 'not-authorised', retriable: false });
  });

  spec('refuses it also where the log may be down: a refusal is no outage', async () => {
    const sasl = { mechanism: 'scram-sha-256', username: 'admin', password: 'wrong-hunter2' } as const;
    const onUnavailable = jest.fn();
    await expect(openKafkaEventLog({ ...secured, sasl }, onUnavailable)).rejects.toMatchObject({
      code: 'not-authorised',
    });
    expect(onUnavailable).not.toHaveBeenCalled();
  });

  spec('refuses an unknown user', async () => {
    const sasl = { mechanism: 'scram-sha-512', username: 'nobody', password: 'hunter2-unknown' } as const;
    expect(await refusal({ ...secured, sasl })).toMatchObject({ code: 'not-authorised' });
  });

  spec('refuses a mechanism that the broker lacks', async () => {
    const sasl = { ...security.admin, mechanism: 'plain' } as const;
    const error = await refusal({ ...hasty, sasl });
    expect(error?.message).toMatch(/mechanism/i);
  });

  spec('says what may be missing where no credentials or no TLS are given', async () => {
    for (const settings of [
      { ...hasty, sasl: undefined },
      { ...hasty, tls: undefined },
      { ...hasty, sasl: undefined, tls: undefined },
    ]) {
      const error = await refusal(settings);
      expect(error).toMatchObject({ code: 'log-unavailable' });
      expect(error?.message).toMatch(/WATCHNEXT_KAFKA_TLS and WATCHNEXT_KAFKA_SASL_MECHANISM/);
    }
  });

  spec('does not trust a certificate of an unknown authority', async () => {
    const error = await refusal({ ...hasty, tls: true });
    expect(error?.message).toMatch(/certificate/i);
  });

  spec('uses for each connection the certificates that its settings have by then', async () => {
    const tls = { ca: makeStranger() };
    const log = await openKafkaEventLog({ ...hasty, tls }, () => undefined);
    await expect(log.bounds(TOPIC)).rejects.toThrow(/certificate/i);
    tls.ca = readFileSync(security.caFile, 'utf8');
    await eventually(() => log.ensureTopics([{ name: TOPIC, partitionCount: 1 }]));
    await log.close();
  });

  spec('gives a known user nothing that was not granted', async () => {
    const admin = await openKafkaEventLog(secured);
    await admin.ensureTopics([{ name: TOPIC, partitionCount: 1 }]);
    await admin.close();
    const guest = await openKafkaEventLog({ ...secured, sasl: { mechanism: 'scram-sha-512', ...security.user } });
    const denied = { code: 'not-authorised', retriable: false };
    await expect(guest.append(TOPIC, [{ key: 'k', value: Buffer.from('v') }])).rejects.toMatchObject(denied);
    await expect(guest.ensureTopics([{ name: 'new.v1', partitionCount: 1 }])).rejects.toMatchObject(denied);
    await expect(guest.bounds(TOPIC)).rejects.toMatchObject(denied);
    await guest.close();
  });

  spec('ends a tail that may see the topic but not read it, and says so', async () => {
    const topic = 'seen.v1';
    const admin = await openKafkaEventLog(secured);
    await admin.ensureTopics([{ name: topic, partitionCount: 1 }]);
    await admin.append(topic, [{ key: 'k', value: Buffer.from('v') }]);
    await admin.close();
    const rights = [
      [AclResourceTypes.TOPIC, topic, AclOperationTypes.DESCRIBE],
      [AclResourceTypes.GROUP, 'tail-', AclOperationTypes.READ],
      [AclResourceTypes.GROUP, 'tail-', AclOperationTypes.DELETE],
    ] as const;
    const { tls, brokers } = secured;
    const grants = new Kafka({
      brokers: [...brokers],
      ssl: tls,
      sasl: { mechanism: 'scram-sha-512', ...security.admin },
      logLevel: logLevel.NOTHING,
    }).admin();
    await grants.connect();
    await grants.createAcls({
      acl: rights.map(([resourceType, resourceName, operation]) => ({
        resourceType,
        resourceName,
        resourcePatternType: ResourcePatternTypes.PREFIXED,
        principal: `User:${security.user.username}`,
        host: '*',
        operation,
        permissionType: AclPermissionTypes.ALLOW,
      })),
    });
    const guest = await openKafkaEventLog({ ...secured, sasl: { mechanism: 'scram-sha-512', ...security.user } });
    const startMs = Date.now();
    await expect(guest.tail(topic, { onRecords: async () => undefined })).rejects.toMatchObject({
      code: 'not-authorised',
      message: expect.stringContaining(`refused to read ${topic}`),
    });
    expect(Date.now() - startMs).toBeLessThan(secured.sessionTimeoutMs + SLACK_MS);
    const { groups } = await grants.listGroups();
    expect(groups.filter(({ groupId }) => groupId.startsWith('tail-'))).toEqual([]);
    await grants.disconnect();
    await guest.close();
  });
});
