/** What a world is made from: sizes and a seed. The three frozen worlds are here, and nothing else may change what they are. */
export interface WorldOptions {
  readonly seed: number;
  readonly viewerCount: number;
  /** Videos that exist when the history ends. */
  readonly videoCount: number;
  /** Days of history. */
  readonly dayCount: number;
  /**
   * When the history ends, milliseconds since the epoch. Everything is drawn relative to it, so two worlds that differ in
   * nothing else are the same world at another time. A world's own clock starts at midnight of a Monday.
   */
  readonly endMs: number;
  /** Mean number of sessions of a viewer on a day on which it belongs to the world; default 0.75. */
  readonly sessionsPerViewerDay?: number;
  /** Half of the videos are older than the history, by up to so many days; default 60. */
  readonly daysFromBefore?: number;
}

/**
 * Of a history. The keys by which `Demand` orders videos grow with the square of their number; up to here they are whole,
 * with room for ten times as many.
 */
export const MOST_VIDEOS = 2 ** 21;

export const DEFAULT_WORLD = { seed: 1, viewerCount: 800, videoCount: 800, dayCount: 10 } as const;

export const FROZEN_WORLDS = ['small', 'standard', 'large'] as const;
export type FrozenWorldName = (typeof FROZEN_WORLDS)[number];

/** Midnight before a Monday, so that a frozen world's days are calendar days too. */
const FROZEN_END_MS = Date.UTC(2026, 10, 23);

/**
 * The worlds that models are tuned on and figures are quoted from. They were frozen before any model was tuned on them; their
 * checksums are in `frozen-checksums.ts`. A change to one, or to how worlds are drawn and lived, is a new version with a
 * decision record (docs/decisions/0030).
 */
export const FROZEN: Readonly<Record<FrozenWorldName, Required<WorldOptions>>> = {
  /** The demo's. */
  small: { ...DEFAULT_WORLD, endMs: FROZEN_END_MS, sessionsPerViewerDay: 0.75, daysFromBefore: 60 },
  standard: {
    seed: 1,
    viewerCount: 10_000,
    videoCount: 5_000,
    dayCount: 60,
    endMs: FROZEN_END_MS,
    sessionsPerViewerDay: 0.09,
    daysFromBefore: 120,
  },
  /** For scale. */
  large: {
    seed: 1,
    viewerCount: 100_000,
    videoCount: 1_000_000,
    dayCount: 20,
    endMs: FROZEN_END_MS,
    sessionsPerViewerDay: 0.25,
    daysFromBefore: 365,
  },
};

/** @throws RangeError naming the setting */
export function completeOptions(options: WorldOptions): Required<WorldOptions> {
  for (const name of ['viewerCount', 'videoCount', 'dayCount'] as const) {
    if (!Number.isSafeInteger(options[name]) || options[name] < 1)
      throw new RangeError(`${name} must be an integer of at least 1`);
  }
  if (options.videoCount > MOST_VIDEOS) throw new RangeError(`videoCount must be at most ${MOST_VIDEOS}`);
  if (!Number.isSafeInteger(options.endMs)) throw new RangeError('endMs must be whole milliseconds since the epoch');
  const complete = { sessionsPerViewerDay: 0.75, daysFromBefore: 60, ...options };
  for (const name of ['sessionsPerViewerDay', 'daysFromBefore'] as const) {
    if (!(complete[name] > 0 && complete[name] < 1e6)) throw new RangeError(`${name} must be a positive number`);
  }
  return complete;
}
