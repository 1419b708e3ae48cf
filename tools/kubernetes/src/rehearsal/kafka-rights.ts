/** Makes the topics of the manifests, and gives each user just the rights that they give. */
import { readFileSync } from 'node:fs';
import type { Stack } from '@watchnext/local-stack';
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  type Admin,
  Kafka,
  logLevel,
  ResourcePatternTypes,
} from 'kafkajs';
import type { KubernetesObject } from '../objects';

const OPERATIONS: Record<string, AclOperationTypes> = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Delete: AclOperationTypes.DELETE,
  Describe: AclOperationTypes.DESCRIBE,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
};
const RESOURCES: Record<string, AclResourceTypes> = { topic: AclResourceTypes.TOPIC, group: AclResourceTypes.GROUP };

interface Acl {
  readonly resource: { readonly type: string; readonly name: string; readonly patternType?: string };
  readonly operations: readonly string[];
}

export const kafkaUsers = (strimzi: readonly KubernetesObject[]): string[] =>
  strimzi.filter(({ kind }) => kind === 'KafkaUser').map(({ metadata }) => metadata.name);

/** What Strimzi's operators would do with these objects, but for copies: there is one broker. */
export async function applyStrimzi(stack: Stack, strimzi: readonly KubernetesObject[]): Promise<void> {
  await asAdmin(stack, async (admin) => {
    await admin.createTopics({
      waitForLeaders: true,
      topics: strimzi
        .filter(({ kind }) => kind === 'KafkaTopic')
        .map(({ metadata, spec }) => ({
          topic: metadata.name,
          numPartitions: spec.partitions,
          replicationFactor: 1,
          configEntries: Object.entries(spec.config)
            .filter(([name]) => name !== 'min.insync.replicas')
            .map(([name, value]) => ({ name, value: String(value) })),
        })),
    });
    await admin.createAcls({
      acl: strimzi
        .filter(({ kind }) => kind === 'KafkaUser')
        .flatMap(({ metadata, spec }) =>
          (spec.authorization.acls as Acl[]).flatMap(({ resource, operations }) =>
            operations.map((operation) => ({
              resourceType: known(RESOURCES, resource.type),
              resourceName: resource.name,
              resourcePatternType:
                resource.patternType === 'prefix' ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
              principal: `User:${metadata.name}`,
              host: '*',
              operation: known(OPERATIONS, operation),
              permissionType: AclPermissionTypes.ALLOW,
            })),
          ),
        ),
    });
  });
}

/** Of the groups that KEDA asks for, those that have committed no offset: their lag would stay unknown. */
export async function groupsWithoutOffsets(stack: Stack, production: readonly KubernetesObject[]): Promise<string[]> {
  const watched = production
    .filter(({ kind }) => kind === 'ScaledObject')
    .flatMap(({ spec }) => spec.triggers as { type: string; metadata: { consumerGroup: string; topic: string } }[])
    .filter(({ type }) => type === 'kafka');
  return asAdmin(stack, async (admin) => {
    const silent: string[] = [];
    for (const { metadata } of watched) {
      const offsets = await admin.fetchOffsets({ groupId: metadata.consumerGroup, topics: [metadata.topic] });
      if (!offsets.some(({ partitions }) => partitions.some(({ offset }) => Number(offset) >= 0))) {
        silent.push(`${metadata.consumerGroup} on ${metadata.topic}`);
      }
    }
    return silent;
  });
}

async function asAdmin<Result>(
  { environment, security }: Stack,
  work: (admin: Admin) => Promise<Result>,
): Promise<Result> {
  if (!security) throw new Error('the stack has no secure Kafka');
  const { username, password } = security.admin;
  const admin = new Kafka({
    brokers: (environment['WATCHNEXT_KAFKA_BROKERS'] as string).split(','),
    ssl: { ca: readFileSync(security.caFile, 'utf8') },
    sasl: { mechanism: 'scram-sha-512', username, password },
    logLevel: logLevel.NOTHING,
  }).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

function known<Value>(values: Record<string, Value>, name: string): Value {
  const value = values[name];
  if (value === undefined)
    throw new Error(`the rehearsal does not know ${name}: one of ${Object.keys(values).join(', ')}`);
  return value;
}
