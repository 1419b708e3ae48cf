/** What Kustomize builds of an overlay, as objects. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';

const MANIFESTS = resolve(__dirname, '..', '..', '..', 'infra', 'kubernetes');
/** Every root that someone may apply, relative to `MANIFESTS`. */
export const ROOTS = ['overlays/local', 'overlays/production', 'overlays/gpu', 'overlays/canary', 'strimzi'] as const;
export type Root = (typeof ROOTS)[number];

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // The schemas say what else there is; whoever reads a kind knows its form.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly [field: string]: any;
}

/** Programs that build overlays, the first that answers is taken. */
const BUILDERS = [
  ['kustomize', 'build'],
  ['kubectl', 'kustomize'],
] as const;

/** What is missing on this machine to build overlays, in words; empty where nothing is. */
export function missingForManifests(): string[] {
  return findBuilder() ? [] : ['kustomize or kubectl (go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1)'];
}

/** @throws Error with what Kustomize said */
export function buildRoot(root: string): KubernetesObject[] {
  const builder = findBuilder();
  if (!builder) throw new Error(`missing: ${missingForManifests().join()}`);
  const [program, ...args] = builder;
  const run = spawnSync(program, [...args, resolve(MANIFESTS, root)], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (run.status !== 0) throw new Error(`${program} could not build ${root}:\n${run.stderr}`);
  return parseObjects(run.stdout);
}

/** @throws Error where the text is not YAML, or gives a key twice */
function parseObjects(text: string): KubernetesObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = 'errors' in document ? document.errors : [];
    if (error) throw error;
    const object = (document as { toJS(): unknown }).toJS();
    return object === null ? [] : [object as KubernetesObject];
  });
}

export const nameOf = ({ kind, metadata }: KubernetesObject) => `${kind} ${metadata.name}`;

let builder: readonly [string, ...string[]] | undefined;

function findBuilder(): readonly [string, ...string[]] | undefined {
  builder ??= BUILDERS.find(([program, verb]) => spawnSync(program, [verb, '--help']).status === 0);
  return builder;
}
