/** The manifests and the apps agree: settings, ports, probes, topics, exit codes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import {
  checkDriverSettings,
  driverSettings,
  grpcTlsFiles,
  type GrpcTlsSettings,
  loadConfig,
  loggingSettings,
  MALLOC_SETTINGS,
} from '@watchnext/config';
import { RankingServiceService, RetrievalServiceService, TOPICS, topicSpecs } from '@watchnext/contract';
import { tailGroupPrefix } from '@watchnext/event-log';
import { parseExperiments } from '@watchnext/experiments';
import { LIVENESS_SERVICE } from '@watchnext/service';
import { describeUnlessMissing } from '@watchnext/testing';
import { z } from 'zod';
import { gatewaySettings } from '../../../apps/gateway/src/config';
import { ingestionSettings, ROLES } from '../../../apps/ingestion/src/config';
import { rankingSettings } from '../../../apps/ranking/src/config';
import { retrievalSettings } from '../../../apps/retrieval/src/config';
import { trainerSettings } from '../../../apps/trainer/src/settings';
import {
  environmentOf,
  type KubernetesObject,
  logClientsOf,
  missingForManifests,
  REPOSITORY,
  routesOf,
  selects,
  topicsUsedBy,
  type Workload,
  workloadsOf,
} from '../src';
import { built, TEAM } from './built';

const SETTINGS = {
  gateway: gatewaySettings,
  ingestion: ingestionSettings,
  ranking: rankingSettings,
  retrieval: retrievalSettings,
  trainer: trainerSettings,
};
/** Commands of ingestion take drivers and logging. */
const COMMAND_SETTINGS = z.object({ ...driverSettings, ...loggingSettings }).superRefine(checkDriverSettings);
const GRPC_SERVICES: Record<string, string> = {
  retrieval: serviceNameOf(RetrievalServiceService.retrieve.path),
  ranking: serviceNameOf(RankingServiceService.rank.path),
};

/** By decision 90: M 32, d 64, one search thread; statistics on three surfaces. One of them is in what was measured. */
const SNAPSHOT_OF_A_MILLION_MIB: Record<string, number> = { retrieval: 1.1e9 / 2 ** 20, ranking: 0.48e9 / 2 ** 20 };

/** Viewers of one partition at 9 kB, of which gzip leaves half or a little more. */
const CHECKPOINT_OF_A_MILLION_MIB = 5 * 1_024;

/** @throws Error for a quantity that is not in Mi or Gi */
function mebibytesOf(quantity: string): number {
  const [, count, unit] = /^(\d+)(Mi|Gi)$/.exec(quantity) ?? [];
  if (count === undefined) throw new Error(`not in Mi or Gi: ${quantity}`);
  return Number(count) * (unit === 'Gi' ? 1_024 : 1);
}

/** By Kafka user. */
const PROGRAMS = {
  gateway: 'apps/gateway/src',
  ingestion: 'apps/ingestion/src',
  retrieval: 'apps/retrieval/src',
  trainer: 'apps/trainer/src',
  operator: 'tools/operator/src',
};

const LOG_PROGRAMS: Readonly<Record<string, string>> = { ...PROGRAMS, ranking: 'apps/ranking/src' };

function serviceNameOf(path: string): string {
  return path.split('/')[1] as string;
}

/** A service's own program; a command names another. */
const isService = ({ app, container }: Workload) =>
  container.args === undefined || container.args[0] === `apps/${app}/dist/main.js`;
const settingsOf = (workload: Workload) => (isService(workload) ? SETTINGS[workload.app] : COMMAND_SETTINGS);
const mountOf = ({ container }: Workload, path: string) =>
  container.volumeMounts.find(
    (one: { mountPath: string }) => path === one.mountPath || path.startsWith(`${one.mountPath}/`),
  );

describeUnlessMissing(missingForManifests(), 'manifests against code', () => {
  describe.each(['overlays/local', 'overlays/production', 'overlays/gpu', 'overlays/canary', TEAM])('in %s', (root) => {
    let objects: KubernetesObject[];
    let workloads: Workload[];
    beforeAll(() => {
      objects = built(root);
      workloads = workloadsOf(objects);
    });
    const plain = (workload: Workload) =>
      Object.fromEntries([...environmentOf(workload, objects)].map(([name, { value }]) => [name, value]));

    it('every setting is one that its program knows', () => {
      const unknown = workloads.flatMap((workload) => {
        const known = Object.keys(settingsOf(workload).shape);
        return Object.keys(plain(workload))
          .filter((name) => !known.includes(name))
          .map((name) => `${workload.name}: ${name}`);
      });
      expect(unknown).toEqual([]);
    });

    it('every program finds its settings complete and usable', () => {
      for (const workload of workloads) expect(() => loadConfig(settingsOf(workload), plain(workload))).not.toThrow();
    });

    it('services listen beyond the pod, on the ports that the container names', () => {
      for (const workload of workloads.filter(({ kind }) => kind === 'Deployment')) {
        const settings = plain(workload);
        expect(settings['WATCHNEXT_HOST']).toBe('0.0.0.0');
        const set = Object.entries(settings).flatMap(([name, value]) => (/_PORT$/.test(name) ? Number(value) : []));
        const named = workload.container.ports.map((one: { containerPort: number }) => one.containerPort);
        expect(named.sort()).toEqual(set.sort());
      }
    });

    it('Services lead to ports that are there, under the same number', () => {
      for (const { metadata, spec } of objects.filter(({ kind }) => kind === 'Service')) {
        const behind = workloads.find(({ labels }) => selects({ matchLabels: spec.selector }, labels));
        if (!behind) continue;
        for (const { port, targetPort } of spec.ports) {
          const named = behind.container.ports.find((one: { name: string }) => one.name === targetPort);
          expect([metadata.name, named?.containerPort]).toEqual([metadata.name, port]);
        }
      }
    });

    it('gRPC is called at headless Services', () => {
      const settings = plain(workloads.find(({ name }) => name === 'gateway') as Workload);
      for (const [variable, app] of [
        ['WATCHNEXT_RETRIEVAL_ADDRESS', 'retrieval'],
        ['WATCHNEXT_RANKING_ADDRESS', 'ranking'],
      ] as const) {
        const [host] = (settings[variable] as string).split(':');
        const service = objects.find(({ kind, metadata }) => kind === 'Service' && metadata.name === host);
        expect([host, service?.['spec'].clusterIP]).toEqual([app, 'None']);
      }
    });

    it('probes ask for paths and gRPC services that the apps answer', () => {
      for (const { app, container } of workloads.filter(({ kind }) => kind === 'Deployment')) {
        const { startupProbe, readinessProbe, livenessProbe } = container;
        // Probes present no certificate.
        const hasTls = container.env.some(({ name }: { name: string }) => name === 'WATCHNEXT_GRPC_TLS_CERT_FILE');
        if (app in GRPC_SERVICES && !hasTls) {
          expect([startupProbe, readinessProbe, livenessProbe].map(({ grpc }) => grpc.service)).toEqual([
            LIVENESS_SERVICE,
            GRPC_SERVICES[app],
            LIVENESS_SERVICE,
          ]);
          const port = container.ports.find((one: { name: string }) => one.name === 'grpc').containerPort;
          expect(new Set([startupProbe, readinessProbe, livenessProbe].map(({ grpc }) => grpc.port))).toEqual(
            new Set([port]),
          );
        } else {
          for (const { httpGet } of [startupProbe, readinessProbe, livenessProbe]) {
            expect(routesOf(app)).toContain(httpGet.path);
            expect(httpGet.port).not.toBe('grpc');
            // The gateway asks its callers for none.
            if (hasTls && app !== 'gateway') expect(httpGet.port).toBe('metrics');
            expect(container.ports.map((one: { name: string }) => one.name)).toContain(httpGet.port);
          }
          expect(readinessProbe.httpGet.path).not.toBe(livenessProbe.httpGet.path);
        }
      }
    });

    it('files and folders that settings name are mounted, and what is written can be', () => {
      for (const workload of workloads) {
        for (const [name, value] of Object.entries(plain(workload))) {
          if (!/_FILE$|_DIR$/.test(name)) continue;
          const mount = mountOf(workload, value);
          expect([workload.name, name, mount !== undefined]).toEqual([workload.name, name, true]);
          if (!/_FILE$/.test(name)) {
            expect([name, mount.readOnly ?? false]).toEqual([name, false]);
            continue;
          }
          const volume = workload.pod.volumes.find((one: { name: string }) => one.name === mount.name);
          const files = volume.configMap
            ? Object.keys(
                objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === volume.configMap.name)?.[
                  'data'
                ],
              )
            : volume.secret.items.map((one: { path: string }) => one.path);
          expect(files).toContain(posix.relative(mount.mountPath, value));
        }
        expect(mountOf(workload, '/tmp')).toBeDefined();
      }
    });

    it('every role of ingestion is run by a Deployment of its own', () => {
      const roles = workloads
        .filter(({ app }) => app === 'ingestion')
        .flatMap((one) => plain(one)['WATCHNEXT_INGESTION_ROLES'] ?? []);
      expect(roles.sort()).toEqual([...ROLES].sort());
    });
  });

  it('limits of memory have room for a million videos, and for what a swap holds besides', () => {
    const [names = [], figures = []] = readFileSync(join(REPOSITORY, 'docs', 'kubernetes.md'), 'utf8')
      .split('\n')
      .filter((line) => /^\| (a catalogue of|1,000,000 videos)/.test(line))
      .map((line) => line.split('|').slice(2, -1));
    const peaks = new Map(
      names.map((name, i) => [name.replaceAll('`', '').trim(), Number(figures[i]?.replace(/[^\d]/g, ''))]),
    );
    expect([...peaks.keys()]).toEqual(['retrieval', 'ranking', 'gateway', 'ingestion']);
    for (const { app, name, container } of workloadsOf(built('overlays/production')).filter(
      ({ kind }) => kind === 'Deployment',
    )) {
      const peakMiB = peaks.get(app) as number;
      const snapshotMiB = SNAPSHOT_OF_A_MILLION_MIB[app] ?? 0;
      const held = snapshotMiB === 0 ? 0 : loadConfig(rankingSettings, {}).WATCHNEXT_HELD_SNAPSHOTS;
      const needed = peakMiB + held * snapshotMiB;
      const roomShare = mebibytesOf(container.resources.limits.memory) / needed;
      expect([name, roomShare > 1.1]).toEqual([name, true]);
    }
  });

  it('folders on the node’s disk have room for what the settings let there, and the pod for both of them', () => {
    const objects = built('overlays/production');
    for (const workload of workloadsOf(objects)) {
      const { name, pod, container } = workload;
      const environment = environmentOf(workload, objects);
      const setting = (variable: string) => Number(environment.get(`WATCHNEXT_CACHE_${variable}`)?.value);
      const folders = pod.volumes.filter((one: object) => 'emptyDir' in one);
      const limits: [string, number][] = folders.map((one: { name: string; emptyDir: { sizeLimit: string } }) => [
        one.name,
        mebibytesOf(one.emptyDir.sizeLimit),
      ]);
      expect(limits.map(([folder]) => folder).sort()).toEqual(['cache', 'tmp']);
      const bound = limits.reduce((sum, [, limit]) => sum + limit, 0);
      expect([name, mebibytesOf(container.resources.limits['ephemeral-storage']) > bound]).toEqual([name, true]);
      // One more while it is fetched. The trainer fetches all of a snapshot, the gateway a small file, ingestion nothing.
      const { retrieval = 0, ranking = 0 } = SNAPSHOT_OF_A_MILLION_MIB;
      const parts: Record<string, number> = { retrieval, ranking, trainer: retrieval + ranking };
      const snapshots = (setting('SNAPSHOTS') + 1) * (parts[workload.app] ?? 0);
      // Services only add to the archive.
      const archive = workload.kind === 'CronJob' ? setting('ARCHIVE_MB') : 0;
      const checkpoints = name === 'checkpoint' ? 2 * CHECKPOINT_OF_A_MILLION_MIB : 0;
      const needed = snapshots + archive + checkpoints;
      expect([name, (new Map(limits).get('cache') ?? 0) > needed]).toEqual([name, true]);
    }
  });

  it('production asks Kafka, Redis and S3, and nothing that lies on one node', () => {
    for (const workload of workloadsOf(built('overlays/production'))) {
      const environment = environmentOf(workload, built('overlays/production'));
      const drivers = ['EVENT_LOG', 'FEATURE_STORE', 'OBJECT_STORE'].map(
        (name) => environment.get(`WATCHNEXT_${name}`)?.value,
      );
      // Who merges files opens no event log, and gets no password of one.
      const eventLog = workload.name === 'merge-archive' ? 'embedded' : 'kafka';
      expect(drivers).toEqual([eventLog, 'redis', 's3']);
    }
  });

  it('experiments are a file that the services take, and those of a team stay through its applies', () => {
    const experimentsOf = (root: string) => {
      const maps = built(root).filter(({ data }) => data?.['experiments.json'] !== undefined);
      // Under one name, whatever is in it: a hash would roll everything out with each change of it.
      expect(maps.map(({ metadata }) => metadata.name)).toEqual(['watchnext-experiments']);
      return parseExperiments(maps[0]?.['data']['experiments.json']).experiments.map(({ name }) => name);
    };
    expect(experimentsOf('overlays/production')).toEqual([]);
    expect(experimentsOf(TEAM)).toEqual(['wider-channel-cap']);
  });

  describe('with every component', () => {
    it('calls between services are encrypted, each app with a certificate of its own', () => {
      const workloads = workloadsOf(built(TEAM)).filter(({ pod }) =>
        pod.volumes.some(({ name }: { name: string }) => name === 'grpc-tls'),
      );
      const secrets = workloads.map(({ name, pod }) => [
        name,
        pod.volumes.find((one: { name: string }) => one.name === 'grpc-tls').secret.secretName,
      ]);
      const named = ['gateway', 'ingestion-collect', 'ranking', 'retrieval'];
      expect(secrets.sort()).toEqual(named.map((name) => [name, `${name}-grpc-tls`]));
      for (const workload of workloads) {
        const settings = Object.fromEntries(
          [...environmentOf(workload, built(TEAM))].map(([name, { value }]) => [name, value]),
        );
        // Half of the files would be refused by the programs.
        expect(Object.keys(grpcTlsFiles(settings as GrpcTlsSettings) ?? {})).toEqual(['ca', 'cert', 'key']);
      }
    });

    it('events are passed on over TLS, at a Service that says so', () => {
      const objects = built(TEAM);
      const gateway = workloadsOf(objects).find(({ name }) => name === 'gateway') as Workload;
      const url = new URL(environmentOf(gateway, objects).get('WATCHNEXT_INGESTION_URL')?.value as string);
      const service = objects.find(({ kind, metadata }) => kind === 'Service' && metadata.name === url.hostname);
      const port = service?.['spec'].ports.find((one: { port: number }) => String(one.port) === url.port);
      expect([url.protocol, url.hostname, port.appProtocol]).toEqual(['https:', 'ingestion-collect', 'https']);
    });

    it('the console has its token, and each service that can tells its spans', () => {
      const environments = workloadsOf(built(TEAM)).map(
        (workload) => [workload, environmentOf(workload, built(TEAM))] as const,
      );
      const having = (name: string) => environments.filter(([, one]) => one.has(name)).map(([{ name }]) => name);
      expect(having('WATCHNEXT_CONSOLE_TOKEN_FILE')).toEqual(['gateway']);
      const telling = environments.filter(
        ([workload]) => isService(workload) && 'WATCHNEXT_OTLP_TRACES_URL' in SETTINGS[workload.app].shape,
      );
      expect(having('WATCHNEXT_OTLP_TRACES_URL')).toEqual(telling.map(([{ name }]) => name));
    });
  });

  describe('topics and users for Strimzi', () => {
    const production = () => {
      const objects = built('overlays/production');
      return { objects, settings: environmentOf(workloadsOf(objects)[0] as Workload, objects) };
    };
    const partitionCount = (settings: Map<string, { value: string }>) =>
      Number(settings.get('WATCHNEXT_ACTIVITY_PARTITIONS')?.value);

    it('are the topics of the code, in the form that it asks for', () => {
      const { settings } = production();
      const replicas = Number(settings.get('WATCHNEXT_KAFKA_REPLICATION_FACTOR')?.value);
      const topics = built('strimzi').filter(({ kind }) => kind === 'KafkaTopic');
      const forms = topics.map(({ metadata, spec }) => ({
        name: metadata.name,
        partitionCount: spec.partitions,
        replicas: spec.replicas,
        policy: spec.config['cleanup.policy'],
        minInSync: spec.config['min.insync.replicas'],
      }));
      const wanted = Object.values(topicSpecs(partitionCount(settings))).map((spec) => ({
        name: spec.name,
        partitionCount: spec.partitionCount,
        replicas,
        policy: 'compacted' in spec ? 'compact' : 'delete',
        minInSync: replicas - 1,
      }));
      expect(forms.sort(byName)).toEqual(wanted.sort(byName));
    });

    it('are a user for each service account that production runs with, for operators, and for the autoscaler', () => {
      const { objects } = production();
      const accounts = workloadsOf(objects)
        .filter((workload) => environmentOf(workload, objects).has('WATCHNEXT_KAFKA_SASL_USERNAME'))
        .map(({ pod }) => pod.serviceAccountName);
      const users = built('strimzi').filter(({ kind }) => kind === 'KafkaUser');
      expect(users.map(({ metadata }) => metadata.name).sort()).toEqual(
        [...new Set([...accounts, 'operator', 'autoscaler'])].sort(),
      );
      for (const { spec } of users) {
        for (const { resource } of spec.authorization.acls) {
          if (resource.type === 'topic') expect(Object.values(TOPICS)).toContain(resource.name);
        }
      }
    });

    it.each(Object.entries(PROGRAMS))('let %s read and write the topics that its code does', (user, folder) => {
      const acls = built('strimzi').find(({ kind, metadata }) => kind === 'KafkaUser' && metadata.name === user)?.spec
        .authorization.acls as { resource: { type: string; name: string }; operations: string[] }[];
      const allowed = (operation: string) =>
        acls
          .filter(({ resource, operations }) => resource.type === 'topic' && operations.includes(operation))
          .map(({ resource }) => resource.name);
      const { reads, writes } = topicsUsedBy(folder);
      expect(reads.length + writes.length).toBeGreaterThan(0);
      expect(allowed('Read')).toEqual(expect.arrayContaining(reads));
      expect(allowed('Write')).toEqual(expect.arrayContaining(writes));
      // Services also follow topics by libraries that this does not look into.
      if (user === 'operator')
        expect([...allowed('Read'), ...allowed('Write')]).toHaveLength(reads.length + writes.length);
    });

    it.each(Object.keys(LOG_PROGRAMS))('let %s tail topics in groups of its own, and in no other', (user) => {
      expect([...logClientsOf(LOG_PROGRAMS[user]!)]).toEqual([user]);
      const acls = built('strimzi').find(({ kind, metadata }) => kind === 'KafkaUser' && metadata.name === user)?.spec
        .authorization.acls as { resource: { type: string; name: string } }[];
      const tailed = acls.map(({ resource }) => resource.name).filter((name) => name.startsWith('tail'));
      // It announces, and follows nothing.
      expect(tailed).toEqual(user === 'trainer' ? [] : [tailGroupPrefix(user)]);
    });

    it('KEDA watches topics that exist, at the brokers of the apps, with at most one replica for each partition', () => {
      const { objects, settings } = production();
      const scaled = objects.filter(({ kind }) => kind === 'ScaledObject');
      const triggers = scaled.flatMap(({ spec }) =>
        spec.triggers.filter((one: { type: string }) => one.type === 'kafka'),
      );
      expect(triggers.length).toBe(3);
      for (const { metadata } of triggers) {
        expect(Object.values(TOPICS)).toContain(metadata.topic);
        expect(['materialise', `archive-${metadata.topic}`]).toContain(metadata.consumerGroup);
        expect(metadata.bootstrapServers).toBe(settings.get('WATCHNEXT_KAFKA_BROKERS')?.value);
        expect(metadata.sasl.replaceAll('_', '-')).toBe(
          settings.get('WATCHNEXT_KAFKA_SASL_MECHANISM')?.value.replace('scram-sha-', 'scram-sha'),
        );
      }
      for (const { spec } of scaled.filter((one) => one['spec'].triggers[0].type === 'kafka')) {
        expect(spec.maxReplicaCount).toBeLessThanOrEqual(partitionCount(settings));
      }
    });
  });
});

it('each manifest that names the activity topic or its partitions is in the runbook for a new version of it', () => {
  const manifests = readdirSync(join(REPOSITORY, 'infra', 'kubernetes'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml') && !name.startsWith('overlays/local/'))
    .map((name) => posix.join('infra/kubernetes', name));
  const naming = manifests.filter((path) =>
    // Of what is done, not of what is said.
    /^[^#\n]*(watchnext\.activity\.|ACTIVITY_PARTITIONS=)/m.test(readFileSync(join(REPOSITORY, path), 'utf8')),
  );
  expect(naming.length).toBeGreaterThan(2);
  const runbook = readFileSync(join(REPOSITORY, 'docs', 'runbooks', 'topic-version.md'), 'utf8');
  expect(naming.filter((path) => !runbook.includes(`\`${path}\``))).toEqual([]);
});

it('images hold memory as the measured systems do', () => {
  const dockerfile = readFileSync(join(REPOSITORY, 'infra', 'docker', 'Dockerfile'), 'utf8');
  const set = [...dockerfile.matchAll(/\b(MALLOC_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]);
  expect(Object.fromEntries(set)).toEqual(MALLOC_SETTINGS);
});

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}
