/**
 * Keys of producers, known by their SHA-256 only. A file holds either JSON,
 *
 *   {"keys": [{"name": "web", "sha256": "…", "eventsPerSecond": 500, "bytesPerSecond": 1000000}]}
 *
 * or lines, "#" beginning a comment and "-" standing for no limit:
 *
 *   web  <sha256 of the key in hexadecimal>  500  1000000
 *
 * Make a key of at least 128 random bits: `openssl rand -hex 32`, and its hash with `printf %s KEY | sha256sum`.
 * Several entries of one name share its limits, so that a key can be replaced without a gap.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

export interface ApiKey {
  /** Of the producer, for logs. */
  readonly name: string;
  /** 32 bytes. */
  readonly sha256: Buffer;
  readonly eventsPerSecond?: number;
  readonly bytesPerSecond?: number;
}

/** A key file that cannot be used. Names lines and fields, never what they hold. */
export class KeyFileError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'KeyFileError';
  }
}

const entry = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
  sha256: z.string().regex(/^[0-9a-fA-F]{64}$/),
  eventsPerSecond: z.number().positive().optional(),
  bytesPerSecond: z.number().positive().optional(),
});
const file = z.strictObject({ keys: z.array(entry).min(1) });

/** @throws KeyFileError */
export function parseKeyFile(text: string): ApiKey[] {
  const isJson = text.trimStart().startsWith('{');
  const parsed = file.safeParse(isJson ? parseJson(text) : { keys: parseLines(text) });
  if (!parsed.success) {
    const places = parsed.error.issues.map((issue) => issue.path.join('.') || 'the file').join(', ');
    throw new KeyFileError(`the file of API keys is not usable: look at ${places}`);
  }
  const keys = parsed.data.keys.map((key) => ({ ...key, sha256: Buffer.from(key.sha256, 'hex') }));
  const hashes = new Set(keys.map(({ sha256 }) => sha256.toString('hex')));
  if (hashes.size < keys.length) throw new KeyFileError('the file of API keys has one key under two entries');
  return keys;
}

/** The entry of a key that a client sent. Every entry is compared, each in constant time. */
export function findKey(keys: readonly ApiKey[], sent: string): ApiKey | undefined {
  const sha256 = createHash('sha256').update(sent).digest();
  let found: ApiKey | undefined;
  for (const key of keys) if (timingSafeEqual(key.sha256, sha256)) found = key;
  return found;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message would quote the file.
    throw new KeyFileError('the file of API keys begins like JSON and is none');
  }
}

function parseLines(text: string): unknown[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .map((line) => {
      const [name, sha256, events, bytes, ...rest] = line.split(/\s+/);
      const limit = (word: string | undefined) => (word === undefined || word === '-' ? undefined : Number(word));
      return {
        name,
        sha256,
        eventsPerSecond: limit(events),
        bytesPerSecond: limit(bytes),
        ...(rest.length && { rest }),
      };
    });
}
