/** What a checkpoint is of, and the name of its file, which says all of it; see `checkpoints.ts`. */

export interface Checkpoint {
  readonly topic: string;
  readonly partition: number;
  /** Last record that is in the states. */
  readonly offset: number;
  /** Of the states, as in `Mark`: whoever writes a smaller one may not go on from them. */
  readonly stateFormat: number;
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string;
}

/** What a checkpoint is of, before its bytes are known. */
export type CheckpointPlace = Omit<Checkpoint, 'sha256'>;

const NAME = /^p(\d{5,})-(\d{16})-([0-9a-f]{64})(?:\.f([1-9]\d*))?\.states\.gz$/;

/** Beneath the folder or the prefix of all checkpoints. */
export function nameOf({ topic, partition, offset, stateFormat, sha256 }: Checkpoint): string {
  const place = `p${String(partition).padStart(5, '0')}-${String(offset).padStart(16, '0')}`;
  const format = stateFormat === 0 ? '' : `.f${stateFormat}`;
  return `${topic}/${place}-${sha256}${format}.states.gz`;
}

/** What a file's name says; undefined for a file that is no checkpoint. */
export function parseName(topic: string, name: string): Checkpoint | undefined {
  const match = NAME.exec(name);
  if (!match) return undefined;
  const [, partition, offset, sha256, stateFormat = 0] = match;
  return {
    topic,
    partition: Number(partition),
    offset: Number(offset),
    stateFormat: Number(stateFormat),
    sha256: sha256 as string,
  };
}
