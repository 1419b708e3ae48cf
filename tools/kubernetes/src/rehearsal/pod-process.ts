/** What runs a pod of the rehearsal: a process of what is built here, or a container of an image. */
import { isolatedService } from '@watchnext/end-to-end';
import { mountVolumes } from '../containers/container-arguments';
import { ContainerProcess } from '../containers/container-process';
import type { Workload } from '../pods';
import { localSettings, type Place } from './settings';

export interface PodProcess {
  /** @throws Error where it is not running */
  readonly pid: number;
  start(): Promise<void>;
  /** @returns its exit code after SIGTERM; undefined where it did not run any more */
  stop(): Promise<number | undefined>;
  /** Of a program that ends by itself. @returns its exit code */
  runToEnd(): Promise<number>;
  logTail(lines?: number): string;
}

/**
 * @param ports one for each `…_PORT` that the pod sets
 * @param folder of this pod alone
 * @param args of a job, its program's file first
 */
export function podProcess(
  workload: Workload,
  place: Place,
  ports: readonly number[],
  folder: string,
  args?: readonly string[],
): PodProcess {
  const settings = localSettings(workload, place, ports, folder);
  if (!place.containers) return isolatedService(workload.app, settings, folder, args?.slice(1));
  const { engine, imageOf } = place.containers;
  const { mounts, environment } = mountVolumes(workload, place.objects, settings, folder);
  // Two rehearsals at once have folders of their own names.
  const name = folder.split('/').slice(-2).join('-');
  return new ContainerProcess(engine, { workload, image: imageOf(workload), name, environment, mounts, args }, folder);
}
