/** The arrows that the policies allow are those that the apps need, by what they are told to call and what they open. */
import { describeUnlessMissing } from '@watchnext/testing';
import {
  allowedArrows,
  appOfImage,
  type KubernetesObject,
  missingForManifests,
  neededArrows,
  openedBy,
  workloadsOf,
} from '../src';
import { built, TEAM } from './built';

/** Who comes from outside, and why. */
const CALLERS: Record<string, string[]> = {
  'overlays/local': [
    'namespaces watchnext.dev/clients -> gateway:7000',
    'namespaces watchnext.dev/producers -> ingestion-collect:7001',
  ],
};
CALLERS['overlays/production'] = [
  ...(CALLERS['overlays/local'] as string[]),
  'namespaces watchnext.dev/monitoring -> gateway:7000',
  'namespaces watchnext.dev/monitoring -> ingestion-archive:7001',
  'namespaces watchnext.dev/monitoring -> ingestion-collect:9464',
  'namespaces watchnext.dev/monitoring -> ingestion-materialise:7001',
  'namespaces watchnext.dev/monitoring -> ranking:9464',
  'namespaces watchnext.dev/monitoring -> retrieval:9464',
];
CALLERS['overlays/canary'] = CALLERS['overlays/gpu'] = CALLERS[TEAM] = CALLERS['overlays/production'];

describe('what the apps open, by their sources', () => {
  it('is found', () => {
    expect(openedBy('gateway')).toEqual({ eventLog: true, featureStore: true, objectStore: true });
    expect(openedBy('ranking')).toEqual({ eventLog: true, featureStore: false, objectStore: true });
    expect(openedBy('ingestion', 'checkpoint')).toEqual({ eventLog: false, featureStore: false, objectStore: true });
    expect(openedBy('ingestion', 'merge-archive')).toEqual({ eventLog: false, featureStore: false, objectStore: true });
    expect(openedBy('ingestion', 'expire')).toEqual({ eventLog: true, featureStore: true, objectStore: true });
    expect(openedBy('ingestion', 'rebuild')).toEqual({ eventLog: true, featureStore: true, objectStore: true });
    expect(openedBy('ingestion', 'restore-log')).toEqual({ eventLog: true, featureStore: true, objectStore: true });
  });
});

describeUnlessMissing(missingForManifests(), 'network policies', () => {
  const openedIn = ({ app, container }: ReturnType<typeof workloadsOf>[number]) =>
    openedBy(app, /\/commands\/(.+)\.js$/.exec(container.args?.[0])?.[1]);

  it.each(Object.keys(CALLERS))('of %s allow just the arrows that the apps use', (root) => {
    const objects = built(root);
    const workloads = workloadsOf(objects);
    const needed = workloads.flatMap((workload) => [...neededArrows(workload, objects, openedIn(workload))]);
    const dns = [...workloads.map(({ name }) => name), ...serversOf(objects)].map((name) => `${name} -> dns:53`);
    // The broker finds itself by the address that it tells clients.
    const own = serversOf(objects).includes('kafka') ? ['kafka -> kafka:9092'] : [];
    expect([...allowedArrows(objects)].sort()).toEqual(
      [...new Set([...needed, ...dns, ...own, ...(CALLERS[root] as string[])])].sort(),
    );
  });

  it.each(Object.keys(CALLERS))('of %s go by labels that say what each app opens', (root) => {
    for (const workload of workloadsOf(built(root))) {
      const { eventLog, featureStore, objectStore } = openedIn(workload);
      const label = (name: string) => workload.labels[`watchnext.dev/${name}`] === 'used';
      expect([workload.name, label('event-log'), label('feature-store'), label('object-store')]).toEqual([
        workload.name,
        eventLog,
        featureStore,
        objectStore,
      ]);
    }
  });

  it('leave the way to the credentials of a role open where a team names the networks of S3', () => {
    const objects = structuredClone(built('overlays/production')).filter(({ metadata, kind }) => {
      return !(kind === 'NetworkPolicy' && metadata.name === 'object-store');
    });
    const arrows = allowedArrows(objects);
    const users = workloadsOf(objects).filter(({ labels }) => labels['watchnext.dev/object-store'] === 'used');
    expect(users.length).toBeGreaterThan(5);
    for (const { name } of users) {
      expect([...arrows]).toContain(`${name} -> outside:443`);
      expect([...arrows]).toContain(`${name} -> role:80`);
    }
  });

  it('that a pod is outside of are an error: it could talk to anyone', () => {
    const objects = built('overlays/production').filter(({ metadata }) => metadata.name !== 'default-deny');
    expect(() => allowedArrows(objects)).toThrow('no NetworkPolicy denies Ingress of');
  });
});

describe('egress to another namespace', () => {
  const policy = (to: object) => [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'a' },
      spec: { template: { metadata: { labels: {} } } },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'a' },
      spec: {
        podSelector: {},
        policyTypes: ['Ingress', 'Egress'],
        egress: [{ to: [to], ports: [{ protocol: 'UDP', port: 53 }] }],
      },
    },
  ];
  const kubeSystem = { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } };
  const arrowTo = (to: object) => [...allowedArrows(policy(to))];

  it('is DNS only where it leads to the pods that answer it', () => {
    const dns = { namespaceSelector: kubeSystem, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } };
    expect(arrowTo(dns)).toEqual(['a -> dns:53']);
    expect(arrowTo({ ...dns, podSelector: { matchLabels: { 'k8s-app': 'dns' } } })).not.toEqual(['a -> dns:53']);
    expect(arrowTo({ namespaceSelector: kubeSystem })).toEqual(['a -> namespace kube-system:53']);
    expect(() => arrowTo({ ...dns, namespaceSelector: { matchLabels: { name: 'kube-system' } } })).toThrow(
      'pick it by',
    );
  });
});

describe('images', () => {
  it('are told by the end of their names, wherever a team keeps them', () => {
    const digest = `@sha256:${'0'.repeat(64)}`;
    expect(appOfImage('watchnext/ranking:0.1.0')).toBe('ranking');
    expect(appOfImage('registry.example.com:5000/team/watchnext-trainer-gpu:1')).toBe('trainer');
    expect(appOfImage(`registry.example.com/watchnext/gateway${digest}`)).toBe('gateway');
    expect(['watchnext/ranking', 'registry:5000/ranking', 'redis:7', 'watchnext/rank:1'].map(appOfImage)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

function serversOf(objects: readonly KubernetesObject[]): string[] {
  return objects.filter(({ kind }) => kind === 'StatefulSet').map(({ metadata }) => metadata.name);
}
