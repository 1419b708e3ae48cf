/** What an app under development stands in: its data folder, its neighbours, and what can be asked of it. */
import type { AppName } from '@watchnext/service-process';
import type { Neighbour } from '../neighbours/neighbour';
import type { Recording } from '../recording';

export interface SceneOptions {
  /** Of the recording. */
  readonly folder: string;
  readonly recording: Recording;
  /** Empty; gone when the app has stopped. */
  readonly dataDirectory: string;
  /** Of the app itself; 0: any free one. */
  readonly port: number;
  /** Neighbours that are not to be there. */
  readonly without: ReadonlySet<string>;
}

export interface Scene {
  readonly environment: Readonly<Record<string, string>>;
  readonly neighbours: readonly Neighbour[];
  /** Lines to try once it runs. */
  readonly hints: readonly string[];
  /** Sends what was recorded, and tells how each answer compares. */
  replay(say: (line: string) => void): Promise<ReplayResult>;
}

export interface ReplayResult {
  readonly askedCount: number;
  /** Answered as recorded, within rounding. */
  readonly sameCount: number;
}

export interface DevApp {
  readonly name: AppName;
  readonly summary: string;
  /** Port that it gets unless another is asked for; undefined for a program that ends by itself. */
  readonly defaultPort: number | undefined;
  /** Neighbours that can be left out by --without. */
  readonly neighbours: readonly string[];
  prepare(options: SceneOptions): Promise<Scene>;
}

export const HOST = '127.0.0.1';

/** Embedded drivers in the data folder, whatever the caller's own environment says. */
export const commonEnvironment = ({ dataDirectory, recording }: SceneOptions): Record<string, string> => ({
  WATCHNEXT_DATA_DIR: dataDirectory,
  WATCHNEXT_ACTIVITY_PARTITIONS: String(recording.about.partitionCount),
  WATCHNEXT_EVENT_LOG: 'embedded',
  WATCHNEXT_FEATURE_STORE: 'embedded',
  WATCHNEXT_OBJECT_STORE: 'folder',
  WATCHNEXT_HOST: HOST,
  WATCHNEXT_LOG_FORMAT: process.env['WATCHNEXT_LOG_FORMAT'] ?? 'pretty',
});
