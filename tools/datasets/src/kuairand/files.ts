/** The data set's files in its official layout, found by name whatever the edition (Pure, 1K, 27K). */
import { join } from 'node:path';
import { DatasetError } from '../dataset-error';
import { namesIn } from '../read/names-in';

export interface KuaiRandFiles {
  readonly users: string;
  readonly videos: string;
  /** Standard logs, by name; `period` is the part that tells them apart, as "4_22_to_5_08_part1". */
  readonly logs: readonly { readonly path: string; readonly period: string }[];
  /** What users watched before the log, if the folder has it. Not part of the official edition. */
  readonly sequences: string | undefined;
}

/** @throws DatasetError naming every file that is missing */
export async function findFiles(folder: string): Promise<KuaiRandFiles> {
  const names = await namesIn(folder);
  // As the archive of the official edition unpacks.
  if (!names.some((name) => LOG_NAME.test(name)) && names.includes('data')) return findFiles(join(folder, 'data'));
  const matching = (pattern: RegExp) => names.filter((name) => pattern.test(name));
  const [users] = matching(/^user_features_\w+\.csv$/);
  const [videos] = matching(/^video_features_basic_\w+\.csv$/);
  const logs = matching(LOG_NAME).map((name) => ({
    path: join(folder, name),
    period: LOG_NAME.exec(name)!.slice(1).join(''),
  }));
  const missing = [
    ...(users === undefined ? ['user_features_pure.csv'] : []),
    ...(videos === undefined ? ['video_features_basic_pure.csv'] : []),
    ...(logs.length === 0 ? ['log_standard_4_22_to_5_08_pure.csv'] : []),
  ];
  if (missing.length > 0) throw new DatasetError(`${folder} is no KuaiRand folder: it lacks ${missing.join(', ')}`);
  const [sequences] = matching(/^user_sequences_\w+\.parquet$/);
  return {
    users: join(folder, users),
    videos: join(folder, videos),
    logs,
    sequences: sequences && join(folder, sequences),
  };
}

/** The period, and the part of the large edition's logs. */
const LOG_NAME = /^log_standard_(\d+_\d+_to_\d+_\d+)_[^_]+(_part\d+|)\.csv$/;
