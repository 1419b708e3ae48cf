/**
 * Which partition a key belongs to, as Kafka's Java client decides it: murmur2 (Austin Appleby's MurmurHash2, 32 bit,
 * with Kafka's seed) of the key's UTF-8 bytes, its sign bit cleared, modulo the number of partitions. The partitioner
 * is part of the contract: every program that writes keyed records must agree on it.
 */

const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;
const SHIFT = 24;

/** MurmurHash2 of `bytes` as a signed 32-bit integer. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const tail = length & 3;
  const wordsEnd = length - tail;
  let hash = SEED ^ length;
  for (let at = 0; at < wordsEnd; at += 4) {
    let word = Math.imul(view.getInt32(at, true), MULTIPLIER);
    word = Math.imul(word ^ (word >>> SHIFT), MULTIPLIER);
    hash = Math.imul(hash, MULTIPLIER) ^ word;
  }
  if (tail > 0) {
    for (let at = tail - 1; at >= 0; at--) hash ^= view.getUint8(wordsEnd + at) << (8 * at);
    hash = Math.imul(hash, MULTIPLIER);
  }
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
}

/**
 * @param partitionCount at least 1
 * @returns a partition from 0 to partitionCount − 1
 */
export function partitionOf(key: string, partitionCount: number): number {
  return (murmur2(Buffer.from(key, 'utf8')) & 0x7fffffff) % partitionCount;
}
