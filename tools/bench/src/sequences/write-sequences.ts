import { closeSync, openSync, writeSync } from 'node:fs';
import { denseSequences } from './dense-sequences';
import type { SequenceOptions } from './sequence-options';
import { sparseSequences } from './sparse-sequences';

export interface WrittenSequences extends Partial<SequenceOptions> {
  readonly log: SequenceLog;
  readonly seed: number;
}
type SequenceLog = keyof typeof LOGS;

const LOGS = {
  dense: { sequences: denseSequences, sizes: { users: 2_100, videos: 1_200, watches: 100 } },
  sparse: { sequences: sparseSequences, sizes: { users: 7_000, videos: 20_000, watches: 8 } },
} as const;
export const SEQUENCE_LOGS = Object.keys(LOGS) as readonly SequenceLog[];

/** Writes a line "user<TAB>video video …" for each user, as `evaluate -- candidates --sequences` reads them. @returns what it wrote, in words */
export function writeSequences(file: string, { log, ...options }: WrittenSequences): string {
  const { sequences, sizes } = LOGS[log];
  const videos = new Set<number>();
  let userCount = 0;
  let watchCount = 0;
  const descriptor = openSync(file, 'w');
  try {
    for (const sequence of sequences({ ...sizes, ...options })) {
      writeSync(descriptor, `user-${userCount++}\t${sequence.map((video) => `video-${video}`).join(' ')}\n`);
      watchCount += sequence.length;
      sequence.forEach((video) => videos.add(video));
    }
  } finally {
    closeSync(descriptor);
  }
  return `${userCount} users, ${videos.size} videos, ${watchCount} watches: ${file}\n`;
}
