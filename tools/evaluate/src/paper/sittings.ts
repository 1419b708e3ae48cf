/**
 * How long a page took, over all the runs that it was made in: what a run began, another may have ended. Kept after each
 * training, so that a run that was killed counts with what it had spent by then.
 */
import { mkdirSync } from 'node:fs';
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

export class Sittings {
  private readonly file: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.file = join(folder, 'sittings.json');
  }

  /** Keeps what a sitting has come to so far. */
  note(sitting: Sitting): void {
    const others = this.all().filter(({ startedAtMs }) => startedAtMs !== sitting.startedAtMs);
    keepJson(this.file, [...others, sitting]);
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

  private all(): Sitting[] {
    return (keptJson(this.file) as Sitting[] | undefined) ?? [];
  }
}
