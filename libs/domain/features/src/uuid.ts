const CANONICAL_LENGTH = 36;
const HYPHEN = 0x2d;
/** By code unit below 256, so by byte too: the value of a hexadecimal digit in lower case, else −1. */
const DIGITS = Int8Array.from({ length: 256 }, (_, unit) => '0123456789abcdef'.indexOf(String.fromCharCode(unit)));

/**
 * The time inside a UUIDv7 in its canonical form (lower-case hexadecimal, RFC 9562 §5.7), in milliseconds since the
 * epoch; undefined for any other text. Upper case is refused because one id must have one spelling: ids are compared
 * and hashed as text.
 */
export function uuidV7TimeMs(id: string): number | undefined {
  // Whoever lets an event in and whoever folds it ask the same, one right after the other.
  if (id !== lastId) [lastId, lastTimeMs] = [id, timeIn(id)];
  return lastTimeMs;
}

let lastId = '';
let lastTimeMs: number | undefined;

function timeIn(id: string): number | undefined {
  if (id.length !== CANONICAL_LENGTH) return undefined;
  let timeMs = 0;
  for (let i = 0; i < CANONICAL_LENGTH; i++) {
    const unit = id.charCodeAt(i);
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (unit !== HYPHEN) return undefined;
      continue;
    }
    const digit = unit < 256 ? DIGITS[unit] : -1;
    if (digit < 0) return undefined;
    // The first 48 bits are the time, around the first hyphen; a double holds them exactly.
    if (i < 13) timeMs = timeMs * 16 + digit;
    else if (i === 14 && digit !== 7) return undefined;
    else if (i === 19 && (digit < 8 || digit > 11)) return undefined;
  }
  return timeMs;
}

/** The same of an id that lies in bytes [from, to) as UTF-8, without making a text of it. */
export function uuidV7TimeMsIn(bytes: Uint8Array, from: number, to: number): number | undefined {
  if (to - from !== CANONICAL_LENGTH) return undefined;
  // Any that is no digit makes all of them negative.
  let [high, low, rest] = [0, 0, 0];
  for (let i = 0; i < 6; i++) high = (high << 4) | digitAt(bytes, from + i);
  low = (digitAt(bytes, from + 6) << 4) | digitAt(bytes, from + 7);
  for (let i = 9; i < 13; i++) low = (low << 4) | digitAt(bytes, from + i);
  for (let i = 14; i < CANONICAL_LENGTH; i++) if (i !== 18 && i !== 23) rest |= digitAt(bytes, from + i);
  const hyphens =
    (bytes[from + 8] ^ HYPHEN) |
    (bytes[from + 13] ^ HYPHEN) |
    (bytes[from + 18] ^ HYPHEN) |
    (bytes[from + 23] ^ HYPHEN);
  const isCanonical = (high | low | rest) >= 0 && hyphens === 0;
  const isVersion7 = digitAt(bytes, from + 14) === 7 && (digitAt(bytes, from + 19) & 0xc) === 8;
  return isCanonical && isVersion7 ? high * 2 ** 24 + low : undefined;
}

function digitAt(bytes: Uint8Array, at: number): number {
  return DIGITS[bytes[at]];
}
