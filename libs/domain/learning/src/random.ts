/**
 * Seeded random numbers: sfc32 (Chris Doty-Humphrey's "small fast counter" generator of PractRand), 128 bits of
 * state, period of at least 2^32 from any seed and 2^127 on average. Not for secrets.
 *
 * The same seed gives the same numbers on every machine: the generator works in 32-bit integers. `gaussian` goes
 * through Math.log, whose last bit may differ between JavaScript engines.
 */
export interface Random {
  /** Uniform in [0, 1), a multiple of 2^-32. */
  next(): number;
  /** Uniform integer in [0, n), without modulo bias. @throws RangeError unless 1 ≤ n ≤ 2^32 */
  nextInt(n: number): number;
  /** Normal with mean 0 and variance 1. */
  gaussian(): number;
  /**
   * An independent stream that depends on this stream's seed and the label only, never on how much was drawn so far:
   * adding a draw in one place does not change the numbers of another.
   */
  fork(label: string): Random;
}

const TWO_TO_32 = 2 ** 32;
/** Rounds that sfc32's author runs before the first output, so that close seeds part. */
const WARM_UP_ROUNDS = 12;

/** @throws RangeError unless the seed is a safe integer ≥ 0 */
export function createRandom(seed: number): Random {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`a seed is an integer from 0 to 2^53 - 1, not ${seed}`);
  return new Sfc32(seed % TWO_TO_32, Math.floor(seed / TWO_TO_32), 0);
}

/** Fisher and Yates, in place. */
export function shuffle(items: Int32Array, random: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.nextInt(i + 1);
    const kept = items[i];
    items[i] = items[j];
    items[j] = kept;
  }
}

class Sfc32 implements Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;
  private spare: number | undefined;
  /** Of the last `nextInt`: many numbers are drawn from one range, and the remainder of 2^32 costs more than all the rest. */
  private range = 1;
  private limit = TWO_TO_32;

  constructor(
    private readonly seedA: number,
    private readonly seedB: number,
    private readonly seedC: number,
  ) {
    this.a = seedA | 0;
    this.b = seedB | 0;
    this.c = seedC | 0;
    for (let round = 0; round < WARM_UP_ROUNDS; round++) this.nextBits();
  }

  private nextBits(): number {
    const bits = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + bits) | 0;
    return bits >>> 0;
  }

  next(): number {
    return this.nextBits() / TWO_TO_32;
  }

  nextInt(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > TWO_TO_32)
      throw new RangeError(`nextInt needs an integer from 1 to 2^32, not ${n}`);
    if (n !== this.range) {
      this.range = n;
      this.limit = TWO_TO_32 - (TWO_TO_32 % n);
    }
    for (;;) {
      const bits = this.nextBits();
      if (bits < this.limit) return bits % n;
    }
  }

  gaussian(): number {
    if (this.spare !== undefined) {
      const value = this.spare;
      this.spare = undefined;
      return value;
    }
    // Marsaglia's polar method: two normals from a point drawn uniformly in the unit disc.
    for (;;) {
      const x = 2 * this.next() - 1;
      const y = 2 * this.next() - 1;
      const radiusSquared = x * x + y * y;
      if (radiusSquared >= 1 || radiusSquared === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(radiusSquared)) / radiusSquared);
      this.spare = y * factor;
      return x * factor;
    }
  }

  fork(label: string): Random {
    return new Sfc32(
      fnv1a(label, this.seedA ^ 0x811c9dc5),
      fnv1a(label, this.seedB ^ 0x9e3779b9),
      fnv1a(label, this.seedC ^ 0x85ebca6b),
    );
  }
}

/** FNV-1a over UTF-16 code units, starting from `basis`: mixes a label into a seed word. */
function fnv1a(label: string, basis: number): number {
  let hash = Math.imul(basis ^ label.length, 0x01000193);
  for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
