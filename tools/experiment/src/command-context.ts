/** What the commands share: the definitions, the archive, and what their exit codes say. */
import { readFile } from 'node:fs/promises';
import { wholeNumber } from '@watchnext/command-line';
import {
  ConfigError,
  embeddedPaths,
  EXIT_CONFIGURATION,
  experimentSettings,
  loadConfig,
  loadDriverSettings,
} from '@watchnext/config';
import { TOPICS } from '@watchnext/contract';
import { ArchiveGapError, openEventArchive, type EventArchive } from '@watchnext/event-archive';
import { type Experiment, type ExperimentsFile, ExperimentsError, parseExperiments } from '@watchnext/experiments';
import type { Command } from 'commander';
import { z } from 'zod';

/** What the exit code says; `--help` tells it too. */
export const EXIT = { invalid: 2, noResult: 3, configuration: EXIT_CONFIGURATION } as const;
/** Of `--at`: a playback cut off at that time would count for less than it is of in every later report. */
export const AT_HELP =
  'as if it were this time, but that playbacks begun before count up to where they were a day later; default: now';
/** The report sorts and sums millions of users; DuckDB goes to disk beyond this. */
const MEMORY_LIMIT_MIB = 4_096;

/** Whether it is that of a place where nothing has run: what would be said of its lists would be said of the wrong place. */
async function isEmpty(archive: EventArchive): Promise<boolean> {
  try {
    for await (const records of archive.read(TOPICS.activity, { order: 'offset' }))
      if (records.length > 0) return false;
    return true;
  } catch (error) {
    // There are files around a gap; whether it matters is up to the days that are asked for.
    if (error instanceof ArchiveGapError) return false;
    throw error;
  }
}

export interface FileOption {
  readonly file?: string;
}

export async function readDefinitions({ file }: FileOption): Promise<ExperimentsFile> {
  const path = file ?? loadConfig(z.object(experimentSettings)).WATCHNEXT_EXPERIMENTS_FILE;
  if (path === undefined) throw new ConfigError(['WATCHNEXT_EXPERIMENTS_FILE: name the file, or give --file']);
  let json: string;
  try {
    json = await readFile(path, 'utf8');
  } catch (error) {
    throw new ConfigError([`cannot read ${path}: ${(error as Error).message}`]);
  }
  return parseExperiments(json);
}

/** @throws ExperimentsError that names those there are */
export function experimentNamed(file: ExperimentsFile, name: string): Experiment {
  const experiment = file.experiments.find((one) => one.name === name);
  if (experiment) return experiment;
  const names = file.experiments.map((one) => one.name).join(', ') || 'none';
  throw new ExperimentsError([`there is no experiment ${name}; there are: ${names}`]);
}

export async function withArchive<T>(work: (archive: EventArchive) => Promise<T>): Promise<T> {
  const settings = loadDriverSettings();
  const archive = openEventArchive(settings, embeddedPaths(settings.WATCHNEXT_DATA_DIR).archive, {
    memoryLimitMiB: MEMORY_LIMIT_MIB,
  });
  try {
    if (await isEmpty(archive))
      throw new ConfigError([
        'WATCHNEXT_DATA_DIR, or WATCHNEXT_OBJECT_STORE with WATCHNEXT_S3_…, must name a system that has run: the archive there holds no events',
      ]);
    return await work(archive);
  } finally {
    await archive.close();
  }
}

export const wholeDays = wholeNumber(1, 365);

export const withFile = (command: Command) => command.option('--file <path>', 'the file that defines the experiments');
