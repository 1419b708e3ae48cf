/**
 * Lines of a text file in batches, with the encoding checked: bytes that are not what the file is said to be are an
 * error that names the line and what to do, never a replacement character in an id.
 */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { DatasetError } from '../dataset-error';

export const TEXT_ENCODINGS = ['utf-8', 'latin1', 'utf-16le', 'utf-16be'] as const;
export type TextEncoding = (typeof TEXT_ENCODINGS)[number];

export interface LineBatch {
  /** Number of the first line, counted from 1. */
  readonly firstLine: number;
  /** Without their ends (LF or CRLF). */
  readonly lines: readonly string[];
}

const CHUNK_BYTES = 1 << 20;
/** A line longer than this is no line: the file is of another kind. */
const LONGEST_LINE_CHARACTERS = 32 * CHUNK_BYTES;

/**
 * @param onBytes called for each chunk with the bytes of the file read so far
 * @throws DatasetError when the file cannot be read, is empty, of another kind or of another encoding
 */
export async function* readLines(
  path: string,
  encoding: TextEncoding = 'utf-8',
  onBytes?: (bytes: number) => void,
): AsyncGenerator<LineBatch> {
  const file = basename(path);
  // WHATWG's "latin1" is windows-1252, which also knows the characters that such files are really written with.
  const decoder = new TextDecoder(encoding, { fatal: true });
  let firstLine = 1;
  let rest = '';
  let isFirstChunk = true;
  let byteCount = 0;
  const decode = (bytes: Buffer | undefined) => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch (error) {
      const line = firstLine + (bytes === undefined ? 0 : linesBeforeBadByte(bytes));
      throw new DatasetError(`${file} is not ${encoding} near line ${line}. ${remedyFor(encoding)}`, { cause: error });
    }
  };
  for await (const bytes of chunksOf(path)) {
    if (isFirstChunk) refuseOtherKinds(file, bytes, encoding);
    isFirstChunk = false;
    onBytes?.((byteCount += bytes.length));
    const lines = (rest + decode(bytes)).split('\n');
    rest = lines.pop() as string;
    if (rest.length > LONGEST_LINE_CHARACTERS)
      throw new DatasetError(`${file} has no line end within ${rest.length} characters after line ${firstLine}`);
    if (lines.length > 0) yield { firstLine, lines: lines.map(withoutReturn) };
    firstLine += lines.length;
  }
  if (isFirstChunk) throw new DatasetError(`${file} is empty`);
  rest += decode(undefined);
  if (rest !== '') yield { firstLine, lines: [withoutReturn(rest)] };
}

async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path, { highWaterMark: CHUNK_BYTES });
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw new DatasetError(`${basename(path)} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

const withoutReturn = (line: string) => (line.endsWith('\r') ? line.slice(0, -1) : line);

function refuseOtherKinds(file: string, bytes: Buffer, encoding: TextEncoding): void {
  const startsWith = (...start: number[]) => start.every((byte, index) => bytes[index] === byte);
  const kind = startsWith(0x50, 0x41, 0x52, 0x31)
    ? 'a Parquet file'
    : startsWith(0x1f, 0x8b)
      ? 'compressed by gzip: unpack it first'
      : startsWith(0x50, 0x4b, 0x03, 0x04)
        ? 'a zip archive: unpack it first'
        : undefined;
  if (kind !== undefined) throw new DatasetError(`${file} is no text but ${kind}`);
  if (encoding.startsWith('utf-16')) return;
  if (startsWith(0xff, 0xfe) || startsWith(0xfe, 0xff) || bytes.subarray(0, 4_096).includes(0))
    throw new DatasetError(
      `${file} is not ${encoding}, but UTF-16 or no text at all. ` +
        `If it is text: iconv -f UTF-16 -t UTF-8 ${JSON.stringify(file)} > new.csv, or "encoding": "utf-16le" in a mapping file`,
    );
}

function remedyFor(encoding: TextEncoding): string {
  return encoding === 'utf-8'
    ? 'If it is Latin-1: iconv -f LATIN1 -t UTF-8, or "encoding": "latin1" in a mapping file'
    : 'Is the encoding another one, or the file damaged?';
}

/** Whole lines of the chunk that are sound UTF-8. The last one may be cut by the chunk's end and is not judged. */
function linesBeforeBadByte(bytes: Buffer): number {
  // The rest of a character that began in the chunk before.
  let from = bytes.subarray(0, 3).findIndex((byte) => (byte & 0xc0) !== 0x80);
  if (from === -1) return 0;
  for (let count = 0; ; count++) {
    const end = bytes.indexOf(0x0a, from);
    if (end === -1 || !isUtf8(bytes.subarray(from, end))) return count;
    from = end + 1;
  }
}
