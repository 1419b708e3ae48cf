/**
 * Keys of producers, known by their SHA-256 only. A file holds either JSON,
 *
 *   {"keys": [{"name": "web", "sha256": "…", "eventsPerSecond": 500, "bytesPerSecond": 1000000, "kinds": ["watch", "search"]}]}
 *
 * or lines, "#" beginning a comment and "-" standing for no limit:
 *
 *   web  <sha256 of the key in hexadecimal>  500  1000000  watch,search
 *
 * Without kinds a key may send every kind of event; a key that the public sends under must have them (the gateway's own).
 *
 * Make a key of at least 128 random bits: `openssl rand -hex 32`, and its hash with `printf %s KEY | sha256sum`.
 * Several entries of one name share its limits, so that a key can be replaced without a gap; each has kinds of its own.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { KIND_NAMES } from '../collect/event-json';

export interface ApiKey {
  /** Of the producer, for logs. */
  readonly name: string;
  /** 32 bytes. */
  readonly sha256: Buffer;
  readonly eventsPerSecond?: number;
  readonly bytesPerSecond?: number;
  /** What may be sent under it, as in "watch"; undefined: every kind of event. */
  readonly kinds?: readonly string[];
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
  kinds: z.array(z.enum(KIND_NAMES)).min(1).optional(),
});
const file = z.strictObject({ keys: z.array(entry).min(1) });

/** @throws KeyFileError */
export function parseKeyFile(text: string): ApiKey[] {
  const isJson = text.trimStart().startsWith('{');
  const read = isJson ? parseJson(text) : { keys: parseLines(text) };
  const parsed = file.safeParse(read);
  if (!parsed.success) {
    if (parsed.error.issues.every(({ path }) => path[2] === 'kinds')) throw wrongKinds(read, parsed.error.issues);
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

/** Where all else is as it should be, names are names, and can be told. */
function wrongKinds(read: unknown, issues: readonly z.core.$ZodIssue[]): KeyFileError {
  const { keys } = read as { keys: { name: string }[] };
  const entries = [...new Set(issues.map(({ path }) => Number(path[1])))].map((i) => `${i + 1} (${keys[i]?.name})`);
  return new KeyFileError(
    `the file of API keys is not usable: the kinds of entry ${entries.join(', ')} must be some of ${KIND_NAMES.join(', ')}`,
  );
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
      const [name, sha256, events, bytes, kinds, ...rest] = line.split(/\s+/);
      const limit = (word: string | undefined) => (word === undefined || word === '-' ? undefined : Number(word));
      return {
        name,
        sha256,
        eventsPerSecond: limit(events),
        bytesPerSecond: limit(bytes),
        kinds: kinds === undefined || kinds === '-' ? undefined : kinds.split(','),
        ...(rest.length && { rest }),
      };
    });
}
