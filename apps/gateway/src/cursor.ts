/**
 * The cursor of further pages: opaque, stateless, and short. It carries hashes of what was shown, so that any replica
 * can leave it out, and is bound to the user, the surface and the seed it was made for.
 *
 * Layout (big endian, base64url): version u8 · issued at, ms, u48 · binding u48 · count u16 · count × hash u48 ·
 * checksum u48. The checksum finds damage; it is no signature: whoever forges a cursor only changes their own list.
 */
import { hash53 } from '@watchnext/features';

export const CURSOR_VERSION = 1;
export const CURSOR_LIFETIME_MS = 30 * 60 * 1000;
/** A cursor stays below 5 kB, within what proxies take in an address; further pages end there. */
export const MAX_SHOWN = 600;

const WORD_BYTES = 6;
const HEADER_BYTES = 1 + WORD_BYTES + WORD_BYTES + 2;

export interface CursorBinding {
  readonly userId: string;
  readonly surface: string;
  readonly seedVideoId: string;
}

export class CursorError extends Error {
  constructor(
    readonly code: 'cursor-malformed' | 'cursor-expired' | 'cursor-of-another-list',
    message: string,
  ) {
    super(message);
    this.name = 'CursorError';
  }
}

/** 48 bits: among 600 shown and 300 candidates, one video is wrongly left out in a billion pages. */
export function hashOfShown(videoId: string): number {
  return hash53(videoId) % 2 ** 48;
}

/** @returns undefined when more than `MAX_SHOWN` were shown: the list ends here */
export function encodeCursor(shown: ReadonlySet<number>, binding: CursorBinding, nowMs: number): string | undefined {
  if (shown.size > MAX_SHOWN) return undefined;
  const bytes = Buffer.alloc(HEADER_BYTES + (shown.size + 1) * WORD_BYTES);
  bytes.writeUInt8(CURSOR_VERSION, 0);
  bytes.writeUIntBE(nowMs, 1, WORD_BYTES);
  bytes.writeUIntBE(bindingHash(binding), 1 + WORD_BYTES, WORD_BYTES);
  bytes.writeUInt16BE(shown.size, 1 + 2 * WORD_BYTES);
  let offset = HEADER_BYTES;
  for (const hash of shown) offset = bytes.writeUIntBE(hash, offset, WORD_BYTES);
  bytes.writeUIntBE(checksum(bytes.subarray(0, offset)), offset, WORD_BYTES);
  return bytes.toString('base64url');
}

/**
 * @returns hashes of the videos shown so far
 * @throws CursorError
 */
export function decodeCursor(text: string, binding: CursorBinding, nowMs: number): Set<number> {
  const bytes = Buffer.from(text, 'base64url');
  const malformed = () =>
    new CursorError('cursor-malformed', 'the cursor is damaged: pass it on exactly as it was given');
  // Node skips what is not base64url; a cursor that does not come back the same is not one of ours.
  if (bytes.length < HEADER_BYTES + WORD_BYTES || bytes.toString('base64url') !== text) throw malformed();
  const body = bytes.subarray(0, bytes.length - WORD_BYTES);
  if (bytes.readUIntBE(body.length, WORD_BYTES) !== checksum(body)) throw malformed();
  if (bytes.readUInt8(0) !== CURSOR_VERSION) {
    throw new CursorError('cursor-expired', 'the cursor is of another version of this service: start again without it');
  }
  const count = bytes.readUInt16BE(1 + 2 * WORD_BYTES);
  if (body.length !== HEADER_BYTES + count * WORD_BYTES) throw malformed();
  if (bytes.readUIntBE(1 + WORD_BYTES, WORD_BYTES) !== bindingHash(binding)) {
    throw new CursorError('cursor-of-another-list', 'the cursor is of another user, surface or seed');
  }
  const ageMs = nowMs - bytes.readUIntBE(1, WORD_BYTES);
  if (ageMs > CURSOR_LIFETIME_MS) {
    throw new CursorError(
      'cursor-expired',
      `the cursor is older than ${CURSOR_LIFETIME_MS / 60_000} minutes: start again without it`,
    );
  }
  const shown = new Set<number>();
  for (let index = 0; index < count; index++)
    shown.add(bytes.readUIntBE(HEADER_BYTES + index * WORD_BYTES, WORD_BYTES));
  return shown;
}

function bindingHash({ userId, surface, seedVideoId }: CursorBinding): number {
  return hash53(JSON.stringify([userId, surface, seedVideoId])) % 2 ** 48;
}

function checksum(bytes: Buffer): number {
  return hash53(bytes.toString('latin1')) % 2 ** 48;
}
