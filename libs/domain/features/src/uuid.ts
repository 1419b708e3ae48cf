const CANONICAL_LENGTH = 36;
const HYPHENS = [8, 13, 18, 23];

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
  let digits = 0;
  for (let i = 0; i < CANONICAL_LENGTH; i++) {
    const unit = id.charCodeAt(i);
    if (i === HYPHENS[0] || i === HYPHENS[1] || i === HYPHENS[2] || i === HYPHENS[3]) {
      if (unit !== 0x2d) return undefined;
      continue;
    }
    const digit = unit >= 0x30 && unit <= 0x39 ? unit - 0x30 : unit >= 0x61 && unit <= 0x66 ? unit - 0x57 : -1;
    if (digit < 0) return undefined;
    // The first 48 bits are the time; a double holds them exactly.
    if (digits < 12) timeMs = timeMs * 16 + digit;
    else if (digits === 12 && digit !== 7) return undefined;
    else if (digits === 16 && (digit < 8 || digit > 11)) return undefined;
    digits++;
  }
  return timeMs;
}
