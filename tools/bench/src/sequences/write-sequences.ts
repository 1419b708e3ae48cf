import { closeSync, openSync, writeSync } from 'node:fs';
import { denseSequences, type DenseSequencesOptions } from './dense-sequences';

/** Writes a line "user<TAB>video video …" for each user, as `evaluate -- candidates --sequences` reads them. @returns what it wrote, in words */
export function writeSequences(file: string, options: DenseSequencesOptions): string {
  const videos = new Set<number>();
  let userCount = 0;
  let watchCount = 0;
  const descriptor = openSync(file, 'w');
  try {
    for (const sequence of denseSequences(options)) {
      writeSync(descriptor, `user-${userCount++}\t${sequence.map((video) => `video-${video}`).join(' ')}\n`);
      watchCount += sequence.length;
      sequence.forEach((video) => videos.add(video));
    }
  } finally {
    closeSync(descriptor);
  }
  return `${userCount} users, ${videos.size} videos, ${watchCount} watches: ${file}\n`;
}
