/** Predicted beside actual watch seconds, by what may set them apart. */
import {
  type CalibrationRow,
  calibrationTable,
  type IndexSource,
  type LabelledImpression,
  quantileGroups,
} from '@watchnext/evaluation';
import { DAY_MS, HOUR_MS, type RankingExample } from '@watchnext/features';
import type { VideoFacts } from '@watchnext/contract';

const DECILES = Array.from({ length: 10 }, (_, i) => String(i + 1));
/** Upper ends of the groups; the last has none. */
const POSITIONS = [1, 2, 3, 5, 10, 20] as const;
const UPLOAD_AGES = [
  ['1 h', HOUR_MS],
  ['6 h', 6 * HOUR_MS],
  ['1 d', DAY_MS],
  ['3 d', 3 * DAY_MS],
  ['7 d', 7 * DAY_MS],
  ['30 d', 30 * DAY_MS],
] as const;

export interface CalibrationTables {
  /** Tenths of the impressions, by what was predicted, the least first. */
  readonly decile: readonly CalibrationRow[];
  /** Of the list, from 0. */
  readonly position: readonly CalibrationRow[];
  readonly source: readonly CalibrationRow[];
  /** From upload to impression. */
  readonly uploadAge: readonly CalibrationRow[];
}

/** Tenths of the impressions, by what was predicted, the least first. */
export function calibrationByTenth(
  impressions: readonly LabelledImpression[],
  predictedSeconds: Float64Array,
  random: IndexSource,
): CalibrationRow[] {
  const groups = quantileGroups(predictedSeconds, DECILES.length);
  return calibrationTable(impressions, predictedSeconds, DECILES, (index) => groups[index], random);
}

export function calibrationTables(
  examples: readonly RankingExample[],
  impressions: readonly LabelledImpression[],
  predictedSeconds: Float64Array,
  facts: ReadonlyMap<string, VideoFacts>,
  random: IndexSource,
): CalibrationTables {
  const table = (buckets: readonly string[], bucketOf: (index: number) => number | undefined) =>
    calibrationTable(impressions, predictedSeconds, buckets, bucketOf, random);
  const sources = [...new Set(examples.map(({ video }) => video.source))].sort();
  return {
    decile: calibrationByTenth(impressions, predictedSeconds, random),
    position: table(positionNames(), (index) => firstAbove(POSITIONS, examples[index].position)),
    source: table(
      sources.map((source) => source || '(none)'),
      (index) => sources.indexOf(examples[index].video.source),
    ),
    uploadAge: table([...UPLOAD_AGES.map(([name]) => `under ${name}`), 'older'], (index) => {
      const { servedAtMs, video } = examples[index];
      const uploadedAtMs = facts.get(video.videoId)?.uploadedAtMs;
      if (!uploadedAtMs) return undefined;
      return firstAbove(
        UPLOAD_AGES.map(([, ms]) => ms),
        servedAtMs - uploadedAtMs,
      );
    }),
  };
}

function positionNames(): string[] {
  const from = [0, ...POSITIONS];
  return from.map((first, i) => {
    const end = from[i + 1];
    if (end === undefined) return `${first} and on`;
    return end - first === 1 ? String(first) : `${first} to ${end - 1}`;
  });
}

/** Index of the first end above the value; one past the last where there is none. */
function firstAbove(ends: readonly number[], value: number): number {
  const index = ends.findIndex((end) => value < end);
  return index === -1 ? ends.length : index;
}
