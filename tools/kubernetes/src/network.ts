/** Who may open a connection to whom: the arrows that NetworkPolicies allow, and those that the apps need. */
import type { KubernetesObject } from './objects';
import { environmentOf, selects, type Workload } from './pods';

/**
 * "from -> to:port"; `to` is a workload, "outside", "dns", "role" (who gives a pod its credentials), or "namespace NAME";
 * `from` is a workload, or "namespaces KEY".
 */
export type Arrow = string;
const arrow = (from: string, to: string, port: number | string): Arrow => `${from} -> ${to}:${port}`;

interface PodSet {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/* eslint-disable @typescript-eslint/no-explicit-any */
/** Every kind of pod of a root, servers included. */
function podSets(objects: readonly KubernetesObject[]): PodSet[] {
  return objects.flatMap(({ kind, metadata, spec }) => {
    const template = {
      Deployment: spec?.template,
      StatefulSet: spec?.template,
      CronJob: spec?.jobTemplate?.spec.template,
    }[kind];
    return template ? [{ name: metadata.name, labels: template.metadata.labels }] : [];
  });
}

/** Addresses that every node serves. */
const NODE_ADDRESSES: Readonly<Record<string, string>> = {
  // NodeLocal DNSCache
  '169.254.20.10/32': 'dns',
  // EKS Pod Identity
  '169.254.170.23/32': 'role',
};

const NAMESPACE_LABEL = 'kubernetes.io/metadata.name';

/** Whom a peer in another namespace is. @throws Error where the namespace is not chosen by its name */
function namespaceOf({ namespaceSelector, podSelector }: any): string {
  const { [NAMESPACE_LABEL]: name, ...others } = namespaceSelector.matchLabels ?? {};
  if (name === undefined || Object.keys(others).length > 0 || namespaceSelector.matchExpressions) {
    throw new Error(
      `egress to a namespace that ${JSON.stringify(namespaceSelector)} picks: pick it by ${NAMESPACE_LABEL}`,
    );
  }
  const pods = JSON.stringify(podSelector?.matchLabels ?? {});
  if (name === 'kube-system' && pods === '{"k8s-app":"kube-dns"}') return 'dns';
  return pods === '{}' ? `namespace ${name}` : `namespace ${name} ${pods}`;
}

/**
 * What the policies allow. Between pods, egress of one and ingress of the other must both be allowed.
 *
 * @throws Error for a pod that no policy denies: it could talk to anyone
 */
export function allowedArrows(objects: readonly KubernetesObject[]): Set<Arrow> {
  const pods = podSets(objects);
  const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy').map(({ spec }) => spec);
  const rules = (pod: PodSet, type: 'Ingress' | 'Egress'): any[] => {
    const own = policies.filter(
      (policy) => policy.policyTypes.includes(type) && selects(policy.podSelector, pod.labels),
    );
    if (own.length === 0) throw new Error(`no NetworkPolicy denies ${type} of ${pod.name}`);
    return own.flatMap((policy) => policy[type.toLowerCase()] ?? []);
  };
  const isPeer = (peer: any, pod: PodSet) =>
    peer.podSelector && !peer.namespaceSelector && selects(peer.podSelector, pod.labels);
  const arrows = new Set<Arrow>();
  for (const pod of pods) {
    for (const { to, ports } of rules(pod, 'Egress')) {
      for (const { port } of ports) {
        for (const peer of to) {
          if (peer.ipBlock) arrows.add(arrow(pod.name, NODE_ADDRESSES[peer.ipBlock.cidr] ?? 'outside', port));
          else if (peer.namespaceSelector) arrows.add(arrow(pod.name, namespaceOf(peer), port));
          for (const other of pods.filter((one) => isPeer(peer, one))) {
            const accepted = rules(other, 'Ingress').some(
              (rule) =>
                rule.from.some((from: any) => isPeer(from, pod)) && rule.ports.some((one: any) => one.port === port),
            );
            arrows.add(
              accepted ? arrow(pod.name, other.name, port) : `${arrow(pod.name, other.name, port)}, refused there`,
            );
          }
        }
      }
    }
    for (const { from, ports } of rules(pod, 'Ingress')) {
      for (const { port } of ports) {
        for (const peer of from) {
          const [label] = Object.keys(peer.namespaceSelector?.matchLabels ?? {});
          if (label) arrows.add(arrow(`namespaces ${label}`, pod.name, port));
          for (const other of pods.filter((one) => isPeer(peer, one))) {
            const accepted = rules(other, 'Egress').some(
              (rule) => rule.to.some((to: any) => isPeer(to, pod)) && rule.ports.some((one: any) => one.port === port),
            );
            if (!accepted) arrows.add(`${arrow(other.name, pod.name, port)}, not let out`);
          }
        }
      }
    }
  }
  return arrows;
}
/* eslint-enable @typescript-eslint/no-explicit-any */

/** What of the drivers an app opens, by its own sources. */
export interface Opened {
  readonly eventLog: boolean;
  readonly featureStore: boolean;
  readonly objectStore: boolean;
}

/** The settings that say where another service of WatchNext is, or of the cluster. */
const CALLS = [
  'WATCHNEXT_RETRIEVAL_ADDRESS',
  'WATCHNEXT_RANKING_ADDRESS',
  'WATCHNEXT_INGESTION_URL',
  'WATCHNEXT_OTLP_TRACES_URL',
];

/** What a workload connects to, by its environment and by what its program opens. */
export function neededArrows(workload: Workload, objects: readonly KubernetesObject[], opened: Opened): Set<Arrow> {
  const environment = environmentOf(workload, objects);
  const value = (name: string) => environment.get(name)?.value;
  const addresses: string[] = CALLS.flatMap((name) => value(name) ?? []);
  if (opened.eventLog && value('WATCHNEXT_EVENT_LOG') === 'kafka') {
    addresses.push(...list(value('WATCHNEXT_KAFKA_BROKERS')));
  }
  if (opened.featureStore && value('WATCHNEXT_FEATURE_STORE') === 'redis') {
    const { redis } = {
      redis: value('WATCHNEXT_REDIS_URL') ?? value('WATCHNEXT_REDIS_CLUSTER') ?? value('WATCHNEXT_REDIS_SENTINELS'),
    };
    addresses.push(...list(redis));
  }
  if (opened.objectStore && value('WATCHNEXT_OBJECT_STORE') === 's3') {
    addresses.push(value('WATCHNEXT_S3_ENDPOINT') ?? 'https://s3.amazonaws.com');
  }
  const arrows = new Set(addresses.map((address) => arrow(workload.name, ...target(address, objects))));
  // Without keys the credentials are those of the pod's role.
  if (
    opened.objectStore &&
    value('WATCHNEXT_OBJECT_STORE') === 's3' &&
    !environment.has('WATCHNEXT_S3_ACCESS_KEY_ID')
  ) {
    arrows.add(arrow(workload.name, 'role', 80));
  }
  return arrows;
}

const list = (text: string | undefined) => (text ?? '').split(',').map((one) => one.trim());

/**
 * The pods behind an address, where it is of a Service of this root, else its namespace, where it is of one of the cluster;
 * and the port that they listen on.
 */
function target(address: string, objects: readonly KubernetesObject[]): [to: string, port: number] {
  const url = new URL(address.includes('://') ? address : `any://${address}`);
  const port = Number(url.port || { 'https:': 443, 'http:': 80 }[url.protocol]);
  const service = objects.find(({ kind, metadata }) => kind === 'Service' && metadata.name === url.hostname);
  if (!service) {
    const namespace = /^[\w-]+\.([\w-]+)\.svc(\.cluster\.local)?$/.exec(url.hostname)?.[1];
    return [namespace ? `namespace ${namespace}` : 'outside', port];
  }
  const [behind] = podSets(objects).filter(({ labels }) => selects({ matchLabels: service['spec'].selector }, labels));
  const served = service['spec'].ports.find((one: { port: number }) => one.port === port);
  if (!behind || !served) throw new Error(`${address}: Service ${url.hostname} has no pods, or no port ${port}`);
  // A port of a Service and the container's are the same here; a test holds them to that.
  return [behind.name, port];
}
