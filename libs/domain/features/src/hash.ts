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
const LOW_LANE_BITS = 2 ** 32;

/** @returns an integer in [0, 2^53); equal texts give equal numbers in every version and on every machine */
export function hash53(text: string): number {
  let a = 0x9747b28c ^ text.length;
  let b = 0x3c6ef372 ^ text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = imul(a ^ unit, LANE_A);
    a = (a << 15) | (a >>> 17);
    b = imul(b ^ unit, LANE_B);
    b = (b << 13) | (b >>> 19);
    b = (b + a) | 0;
  }
  a = stir(a ^ (b >>> 7));
  b = stir(b ^ a);
  return (a >>> 11) * LOW_LANE_BITS + (b >>> 0);
}

/** MurmurHash3's 32-bit finaliser: every input bit reaches every output bit. */
function stir(lane: number): number {
  let h = lane;
  h = imul(h ^ (h >>> 16), 0x85ebca6b);
  h = imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
