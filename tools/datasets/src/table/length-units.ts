/** In which unit a table's lengths are: by a column's name, by one beside it, or by how large its values are. */
import { SECONDS_PER } from './interpret';
import type { DurationUnit } from './mapping';

/** A column that tells how long something is or was watched. */
export interface Length {
  readonly field: 'watchSeconds' | 'durationSeconds';
  readonly column: string;
  readonly median: number;
  /** Unit, by its name. */
  readonly named: DurationUnit | undefined;
}

/** What is mostly longer than ten times that is in milliseconds. */
const LONGEST_SECONDS = { watchSeconds: 600, durationSeconds: 3_600 } as const;
/** Half a column may lie between them in either unit: a film in seconds, a short video in milliseconds. */
const DOUBTFUL = { from: 1_000, to: 10 * LONGEST_SECONDS.durationSeconds } as const;
/** Of a video, what is watched of it as a rule. */
const LIKELY_SHARE = { from: 0.02, to: 5 } as const;

export interface Units {
  readonly unit: DurationUnit;
  readonly reasons: readonly string[];
  /** Whether another unit is as likely. */
  readonly isDoubtful: boolean;
}

/** One unit for all columns whose names tell none: a log that has seconds in one column and milliseconds in another says so. */
export function unitsOf(lengths: readonly Length[]): Units {
  const unnamed = lengths.filter(({ named }) => named === undefined);
  const beside = lengths.find(({ named }) => named !== undefined);
  const [first] = unnamed;
  if (beside !== undefined && first !== undefined) {
    const fits = (['s', 'ms'] as const).filter((unit) => {
      const seconds = first.median * SECONDS_PER[unit];
      const besideSeconds = beside.median * SECONDS_PER[beside.named!];
      const share = first.field === 'watchSeconds' ? seconds / besideSeconds : besideSeconds / seconds;
      return share >= LIKELY_SHARE.from && share <= LIKELY_SHARE.to;
    });
    if (fits.length === 1) return { unit: fits[0], reasons: [`by ${beside.column}`], isDoubtful: false };
  }
  const isLong = ({ median, field }: Length) => median > 10 * LONGEST_SECONDS[field];
  const isDoubtful = unnamed.some(
    (one) => isLong(one) !== isLong(first) || (one.median >= DOUBTFUL.from && one.median <= DOUBTFUL.to),
  );
  const reasons = unnamed.map(({ column, median }) => `since half of ${column} lie above ${median}`);
  return { unit: unnamed.some(isLong) ? 'ms' : 's', reasons, isDoubtful };
}

/** What a person should look at; undefined where there is nothing. */
export function doubtOf(lengths: readonly Length[], { unit, isDoubtful }: Units): string | undefined {
  if (!isDoubtful) return undefined;
  const columns = lengths.filter(({ named }) => named === undefined).map(({ column }) => column);
  return `${columns.join(' and ')} may be in s or in ms: ${unit} was taken, and a wrong one makes every watch a thousand times too long or too short`;
}
