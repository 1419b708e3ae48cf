/** The pods that an overlay makes, and the environment that each of their containers gets. */
import type { KubernetesObject } from './objects';

export const APPS = ['gateway', 'ingestion', 'ranking', 'retrieval', 'trainer'] as const;
export type App = (typeof APPS)[number];

export interface Workload {
  /** As of the object: "gateway", "ingestion-collect", "checkpoint". */
  readonly name: string;
  readonly kind: 'Deployment' | 'CronJob';
  /** Whose image it runs. */
  readonly app: App;
  readonly object: KubernetesObject;
  readonly labels: Readonly<Record<string, string>>;
  // See the schemas for the forms of a pod and its container.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly pod: any;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly container: any;
}

/** The workloads that run images of this repository; servers beside them are left out. */
export function workloadsOf(objects: readonly KubernetesObject[]): Workload[] {
  return objects.flatMap((object) => {
    const template =
      object.kind === 'Deployment'
        ? object['spec'].template
        : object.kind === 'CronJob'
          ? object['spec'].jobTemplate.spec.template
          : undefined;
    if (!template) return [];
    const [container] = template.spec.containers;
    const app = appOfImage(container.image);
    if (!app)
      throw new Error(`${object.kind} ${object.metadata.name} runs ${container.image}, which is no app's image`);
    return {
      name: object.metadata.name,
      kind: object.kind as Workload['kind'],
      app,
      object,
      labels: template.metadata.labels,
      pod: template.spec,
      container,
    };
  });
}

/**
 * Whose image it is, by the end of its name: "watchnext/ranking:0.1.0", "registry.example.com:5000/team/watchnext-ranking@sha256:…";
 * undefined where it is no app's, or has neither tag nor digest.
 */
export function appOfImage(image: string): App | undefined {
  const name = /^(?:[\w.-]+(?::\d+)?\/)?(?:[\w.-]+\/)*([\w.-]+?)(?:-gpu)?(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?$/.exec(
    image,
  )?.[1];
  const isPinned = /(?::[\w.-]+|@sha256:[0-9a-f]{64})$/.test(image.split('/').at(-1) ?? '');
  return isPinned ? APPS.find((one) => name === one || name?.endsWith(`-${one}`)) : undefined;
}

export interface Variable {
  readonly value: string;
  /** Where the value is not in the manifests: a Secret, a field of the pod, a resource. */
  readonly reference?: 'secret' | 'field' | 'resource';
}

/** What the container's process will find in its environment. @throws Error for a ConfigMap that is not there */
export function environmentOf(workload: Workload, objects: readonly KubernetesObject[]): Map<string, Variable> {
  const variables = new Map<string, Variable>();
  for (const { configMapRef } of workload.container.envFrom ?? []) {
    const map = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === configMapRef.name);
    if (!map) throw new Error(`${workload.name}: no ConfigMap ${configMapRef.name}`);
    for (const [name, value] of Object.entries<string>(map['data'])) variables.set(name, { value });
  }
  for (const { name, value, valueFrom } of workload.container.env ?? []) {
    variables.set(name, valueFrom ? referenced(workload, valueFrom) : { value });
  }
  return variables;
}

function referenced(
  { pod }: Workload,
  from: { secretKeyRef?: { name: string; key: string }; fieldRef?: { fieldPath: string }; resourceFieldRef?: object },
): Variable {
  if (from.secretKeyRef) return { value: `${from.secretKeyRef.name}/${from.secretKeyRef.key}`, reference: 'secret' };
  if (from.fieldRef?.fieldPath === 'spec.serviceAccountName') {
    return { value: pod.serviceAccountName, reference: 'field' };
  }
  if (from.resourceFieldRef) return { value: '1', reference: 'resource' };
  throw new Error(`a reference of unknown form: ${JSON.stringify(from)}`);
}

/** Whether a label selector picks these labels; an absent one picks all. */
export function selects(
  selector: { matchLabels?: Record<string, string>; matchExpressions?: unknown } | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (selector?.matchExpressions) throw new Error('matchExpressions are not read here: use matchLabels');
  return Object.entries(selector?.matchLabels ?? {}).every(([name, value]) => labels[name] === value);
}
