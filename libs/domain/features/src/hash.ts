/**
 * A fixed, fast, non-cryptographic hash of text to 53 bits: what a JavaScript number holds exactly.
 *
 * Two 32-bit lanes run over the UTF-16 code units with the multipliers of MurmurHash3 (Appleby, public domain) and
 * different seeds and rotations; each is stirred with the other at the end. States store these hashes, so the function
 * must never change. It does not resist an attacker: nothing may rest on that.
 */
/** Looked up once: inside Jest's sandbox a global costs more than the multiplication. */
const { imul } = Math;
const LANE_A = 0xcc9e2d51;
const LANE_B = 0x1b873593;
const SEED_A = 0x9747b28c;
const SEED_B = 0x3c6ef372;
const LOW_LANE_BITS = 2 ** 32;

/** @returns an integer in [0, 2^53); equal texts give equal numbers in every version and on every machine */
export function hash53(text: string): number {
  let a = SEED_A ^ text.length;
  let b = SEED_B ^ text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = imul(a ^ unit, LANE_A);
    a = (a << 15) | (a >>> 17);
    b = imul(b ^ unit, LANE_B);
    b = (b << 13) | (b >>> 19);
    b = (b + a) | 0;
  }
  return joined(a, b);
}

/**
 * The same of a text that lies in bytes [from, to), all of them ASCII, without making it. A loop of its own: a step that both
 * shared would have to hand back two numbers for each character.
 */
export function hash53OfAscii(bytes: Uint8Array, from: number, to: number): number {
  let a = SEED_A ^ (to - from);
  let b = SEED_B ^ (to - from);
  for (let i = from; i < to; i++) {
    const unit = bytes[i];
    a = imul(a ^ unit, LANE_A);
    a = (a << 15) | (a >>> 17);
    b = imul(b ^ unit, LANE_B);
    b = (b << 13) | (b >>> 19);
    b = (b + a) | 0;
  }
  return joined(a, b);
}

function joined(a: number, b: number): number {
  const high = stir(a ^ (b >>> 7));
  const low = stir(b ^ high);
  return (high >>> 11) * LOW_LANE_BITS + (low >>> 0);
}

/** MurmurHash3's 32-bit finaliser: every input bit reaches every output bit. */
function stir(lane: number): number {
  let h = lane;
  h = imul(h ^ (h >>> 16), 0x85ebca6b);
  h = imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
