import { join } from 'node:path';
import { embeddedPaths } from '@watchnext/config';
import { startTask } from '@watchnext/command-line';
import { replaceFile } from '@watchnext/folder-lock';
import { FROZEN_CHECKSUMS, FROZEN_PARTITIONS, FROZEN_VERSION } from '../frozen-checksums';
import { FROZEN, type FrozenWorldName, type WorldOptions } from '../parameters';
import { generateArchive, type GeneratedArchive } from '../straight/generate-archive';

export interface ArchiveCommand {
  readonly world: WorldOptions;
  /** Data folder as the services' WATCHNEXT_DATA_DIR; undefined: only the checksum. */
  readonly data: string | undefined;
  readonly spill: string;
  readonly partitions: number;
  readonly workers: number;
}

/** What a data folder holds besides its archive, so that `live` goes on with the same world. */
export const WORLD_FILE = 'world.json';

export async function writeArchive(command: ArchiveCommand, signal: AbortSignal): Promise<GeneratedArchive> {
  const living = startTask('Living the world', 'viewers');
  let archiving: ReturnType<typeof startTask> | undefined;
  const startedAt = performance.now();
  try {
    const generated = await generateArchive({
      world: command.world,
      archiveFolder: command.data === undefined ? undefined : embeddedPaths(command.data).archive,
      spillFolder: command.spill,
      partitionCount: command.partitions,
      workerCount: command.workers,
      signal,
      // Before the archive is there: one without its world, or with half of it, could be neither lived on with nor written again.
      onWritten: (written) => {
        if (command.data !== undefined) writeWorld(command.data, command.world, written);
      },
      onProgress: (stage, done, total, records) => {
        if (stage === 'living') return living.update(done, total, `${records.toLocaleString('en-US')} events`);
        if (!archiving) {
          living.finish();
          archiving = startTask(command.data === undefined ? 'Taking the checksum' : 'Writing the archive', 'events');
        }
        archiving.update(done, total);
      },
    });
    archiving?.finish();
    const seconds = (performance.now() - startedAt) / 1_000;
    const perMinute = Math.round((60 * generated.eventCount) / seconds).toLocaleString('en-US');
    process.stdout.write(
      `${generated.eventCount.toLocaleString('en-US')} events and ${generated.videoCount.toLocaleString('en-US')} videos in ` +
        `${seconds.toFixed(1)} s on ${command.workers} workers: ${perMinute} events a minute\nchecksum ${generated.checksum}\n`,
    );
    return generated;
  } catch (error) {
    (archiving ?? living).abandon();
    throw error;
  }
}

function writeWorld(data: string, world: WorldOptions, generated: GeneratedArchive): void {
  const { eventCount, videoCount, counts, checksum } = generated;
  const told = { world, eventCount, videoCount, counts, checksum };
  replaceFile(join(data, WORLD_FILE), `${JSON.stringify(told, null, 2)}\n`);
}

/** @returns whether the frozen world is what it was */
export async function checkFrozen(
  name: FrozenWorldName,
  options: { spill: string; workers: number },
  signal: AbortSignal,
): Promise<boolean> {
  const command = { ...options, world: FROZEN[name], data: undefined, partitions: FROZEN_PARTITIONS };
  const { checksum } = await writeArchive(command, signal);
  const isSame = checksum === FROZEN_CHECKSUMS[name].whole;
  process.stdout.write(
    isSame
      ? `${name} is version ${FROZEN_VERSION}\n`
      : `${name} is not what was frozen as version ${FROZEN_VERSION}: ${FROZEN_CHECKSUMS[name].whole}\n`,
  );
  return isSame;
}
