/** What an engine has to be told so that it runs a container as its manifest has it run by Kubernetes. */
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { environmentOf, type Workload } from '../pods';
import type { KubernetesObject } from '../objects';
import type { EngineName } from './engine';

/** What the container finds where the manifest mounts a volume. */
export interface Mount {
  readonly target: string;
  /** A folder of this machine with a ConfigMap's or a Secret's files, not to be written; without one, an empty volume. */
  readonly source?: string;
}

/**
 * Makes a folder for each ConfigMap and Secret that the container mounts, with the files that settings name in it. All
 * other volumes are empty, and gone with the container.
 *
 * @param settings by name, files as they lie on this machine
 * @param folder of this container alone
 * @returns mounts, and the settings with the paths of the manifests
 * @throws Error for a file or folder that no volume is mounted for
 */
export function mountVolumes(
  workload: Workload,
  objects: readonly KubernetesObject[],
  settings: Readonly<Record<string, string>>,
  folder: string,
): { mounts: Mount[]; environment: Record<string, string> } {
  const mounts = workload.container.volumeMounts.map(
    ({ name, mountPath: target }: { name: string; mountPath: string }): Mount => {
      const volume = workload.pod.volumes.find((one: { name: string }) => one.name === name);
      if (!volume.configMap && !volume.secret) return { target };
      const source = join(folder, 'volumes', name);
      mkdirSync(source, { recursive: true });
      return { target, source };
    },
  ) as Mount[];
  const environment = { ...settings };
  for (const [name, { value }] of environmentOf(workload, objects)) {
    const local = settings[name];
    if (local === undefined || !/_(FILE|DIR)$/.test(name)) continue;
    const isFile = name.endsWith('_FILE');
    const mount = mounts.find(
      ({ target, source }) => (source !== undefined) === isFile && `${value}/`.startsWith(`${target}/`),
    );
    if (!mount) throw new Error(`${workload.name}: nothing is mounted where ${name} points to, ${value}`);
    if (mount.source !== undefined) {
      const copy = join(mount.source, relative(mount.target, value));
      copyFileSync(local, copy);
      chmodSync(copy, 0o644);
    }
    environment[name] = value;
  }
  return { mounts, environment };
}

export interface ContainerSpec {
  readonly workload: Workload;
  readonly image: string;
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  /** Instead of those of the manifest, which may be none: then the image's own. */
  readonly args?: readonly string[];
}

/** Arguments of `docker run` or `podman run`, on this machine's own network. @throws Error for a setting that has no like of it here */
export function runArguments(
  engine: EngineName,
  { workload, image, name, environment, mounts, args = workload.container.args ?? [] }: ContainerSpec,
): string[] {
  const { runAsUser, runAsGroup } = workload.pod.securityContext;
  const { allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities, ...others } =
    workload.container.securityContext;
  const unknown = Object.keys(others);
  if (unknown.length > 0) throw new Error(`${workload.name}: securityContext.${unknown[0]} is not known here`);
  return [
    ...['run', '--rm', '--name', name, '--network', 'host', '--user', `${runAsUser}:${runAsGroup}`],
    ...(readOnlyRootFilesystem ? ['--read-only'] : []),
    // Podman would put folders in memory over /tmp and /run, which Kubernetes does not.
    ...(readOnlyRootFilesystem && engine === 'podman' ? ['--read-only-tmpfs=false'] : []),
    ...(allowPrivilegeEscalation === false ? ['--security-opt', 'no-new-privileges'] : []),
    ...(capabilities?.drop ?? []).flatMap((one: string) => ['--cap-drop', one]),
    ...['--memory', bytesOf(workload.container.resources.limits.memory)],
    // In memory: a folder would keep files of the container's user, which not everyone may remove.
    ...mounts.flatMap(({ source, target }) =>
      source === undefined ? ['--tmpfs', `${target}:rw,exec,mode=1777`] : ['--volume', `${source}:${target}:ro`],
    ),
    ...Object.entries(environment).flatMap(([variable, value]) => ['--env', `${variable}=${value}`]),
    image,
    ...args,
  ];
}

/** Kubernetes says Gi and Mi, engines g and m, of the same 1,024s. */
function bytesOf(quantity: string): string {
  const [, amount, unit] = /^(\d+)([MG])i$/.exec(quantity) ?? [];
  if (amount === undefined || unit === undefined) throw new Error(`${quantity} is no whole number of Mi or Gi`);
  return `${amount}${unit.toLowerCase()}`;
}
