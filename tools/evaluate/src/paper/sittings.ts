/**
 * How long a page took, over all the runs that it was made in: what a run began, another may have ended. Kept after each
 * training, so that a run that was killed counts with what it had spent by then.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { keepJson, keptJson } from '../kept-files';

export interface Sitting {
  /** Names it, too. */
  readonly startedAtMs: number;
  readonly untilMs: number;
  /** Of all its processes and threads. */
  readonly processorSeconds: number;
  /** Names of the logs that it made ready from raw data, where it found none from before. */
  readonly prepared?: readonly string[];
}

/** All of them, as they were kept before each had a file. */
const OF_EARLIER_VERSIONS = 'sittings.json';
const FILE = /^sitting-\d+\.json$/;

/** A file each: runs that share a folder write none of each other's. */
export class Sittings {
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
  }

  /** Keeps what a sitting has come to so far. */
  note(sitting: Sitting): void {
    keepJson(join(this.folder, `sitting-${sitting.startedAtMs}.json`), sitting);
  }

  /**
   * What those took together that trained anything, and those that last made the logs ready.
   * @param startedAtMs of the former
   */
  sumOf(
    startedAtMs: Iterable<number>,
    logs: readonly string[],
  ): { sittings: number; clockSeconds: number; processorSeconds: number } {
    const all = this.all();
    const wanted = new Set(startedAtMs);
    for (const log of logs) {
      const made = all.findLast(({ prepared }) => prepared?.includes(log));
      if (made) wanted.add(made.startedAtMs);
    }
    const those = all.filter((sitting) => wanted.has(sitting.startedAtMs));
    return {
      sittings: those.length,
      clockSeconds: those.reduce((sum, one) => sum + (one.untilMs - one.startedAtMs) / 1_000, 0),
      processorSeconds: those.reduce((sum, one) => sum + one.processorSeconds, 0),
    };
  }

  /** In the order in which they began, but for those of earlier versions, which are first. */
  private all(): Sitting[] {
    const earlier = (keptJson(join(this.folder, OF_EARLIER_VERSIONS)) as Sitting[] | undefined) ?? [];
    const names = readdirSync(this.folder).filter((name) => FILE.test(name));
    const own = names.flatMap((name) => (keptJson(join(this.folder, name)) as Sitting | undefined) ?? []);
    return [...earlier, ...own.sort((a, b) => a.startedAtMs - b.startedAtMs)];
  }
}
