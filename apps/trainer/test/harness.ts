import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { CandidateModel } from '@watchnext/candidate-model';
import { embeddedPaths, loadConfig } from '@watchnext/config';
import { openParquetArchive } from '@watchnext/event-archive';
import type { CandidateFeatures } from '@watchnext/features';
import { OnnxStack } from '@watchnext/inference';
import { createLogger, nestOptions } from '@watchnext/service';
import { type LocalSnapshot, openFolderSnapshotStore, SNAPSHOT_FILES } from '@watchnext/snapshot-store';
import { parseCommand } from '../src/cli';
import { trainerSettings } from '../src/settings';
import { trainOnce } from '../src/train-once';
import { TrainerModule } from '../src/trainer.module';
import { PARTITION_COUNT } from './synthetic-log';

export const environment = (dataDirectory: string) => ({
  WATCHNEXT_DATA_DIR: dataDirectory,
  WATCHNEXT_ACTIVITY_PARTITIONS: String(PARTITION_COUNT),
  WATCHNEXT_LOG_LEVEL: 'silent',
  WATCHNEXT_TENSOR_BACKEND: 'wasm',
});

/** With a log of its own, which specs listen to. */
export const contextOf = (
  dataDirectory: string,
  print: (text: string) => void = () => undefined,
  settings: Readonly<Record<string, string>> = {},
) => {
  const logger = createLogger('trainer', { level: 'silent', format: 'json' });
  const loaded = loadConfig(trainerSettings, { ...environment(dataDirectory), ...settings });
  return NestFactory.createApplicationContext(TrainerModule.with(loaded, logger, print), nestOptions(logger));
};

/** `--once` in this process: its exit code and what it printed. */
export const train = (dataDirectory: string, ...args: string[]) => trainWith({}, dataDirectory, ...args);

/** @param settings beside those of `environment` */
export async function trainWith(
  settings: Readonly<Record<string, string>>,
  dataDirectory: string,
  ...args: string[]
): Promise<{ code: number; printed: string }> {
  let printed = '';
  const app = await contextOf(dataDirectory, (text) => (printed += text), settings);
  const code = await trainOnce(app, parseCommand(['--once', ...args], { exitOverride: true }));
  return { code, printed };
}

export const archiveOf = (dataDirectory: string) => openParquetArchive(embeddedPaths(dataDirectory).archive);

export const storeOf = (dataDirectory: string) => openFolderSnapshotStore(embeddedPaths(dataDirectory).snapshots);

/** SHA-256 of each file of both models in the current snapshot. */
export async function modelDigests(dataDirectory: string): Promise<Record<string, string>> {
  const store = storeOf(dataDirectory);
  const manifest = await store.readManifest((await store.readPointer()) as string);
  const files = Object.entries(manifest.files).filter(([path]) => /\.(safetensors|onnx)$/.test(path));
  return Object.fromEntries(files.map(([path, { sha256 }]) => [path, sha256]));
}

/** Holds the user vector that a snapshot's tower serves to the model's own. */
export async function expectServedAsTrained(
  local: LocalSnapshot,
  candidate: CandidateModel,
  features: CandidateFeatures,
): Promise<void> {
  const row = new Float32Array(candidate.inputSize);
  candidate.writeInput(features, 0, row, 0);
  const tower = await OnnxStack.load(await readFile(join(local.directory, SNAPSHOT_FILES.userTower)));
  const served = candidate.userVectorFrom(await tower.run(row, 1));
  await tower.close();
  const user = candidate.userVector(features, 0);
  expect(served).toHaveLength(user.length);
  user.forEach((value, dimension) => expect(served[dimension]).toBeCloseTo(value, 4));
}
