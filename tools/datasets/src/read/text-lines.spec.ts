import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@watchnext/testing';
import { readLines, type TextEncoding } from './text-lines';

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => (folder = await temporaryDirectory('lines')));
afterEach(() => folder.remove());

async function read(bytes: Buffer | string, encoding?: TextEncoding): Promise<string[]> {
  const file = join(folder.path, 'log.csv');
  await writeFile(file, bytes);
  const lines: string[] = [];
  for await (const batch of readLines(file, encoding)) {
    expect(batch.firstLine).toBe(lines.length + 1);
    lines.push(...batch.lines);
  }
  return lines;
}

describe('reading lines', () => {
  it('knows both line ends, a last line without one, and a byte order mark', async () => {
    expect(await read('\uFEFFa\r\nb\n\nc 🎬')).toEqual(['a', 'b', '', 'c 🎬']);
  });

  it('joins characters and lines that chunks cut', async () => {
    const lines = Array.from({ length: 60_000 }, (_, i) => `${'é'.repeat(i % 17)}🎬 ${i}`);
    expect(await read(lines.join('\n'))).toEqual(lines);
  });

  it.each<[TextEncoding, Buffer]>([
    ['latin1', Buffer.from('zo\xeb\nb', 'latin1')],
    ['utf-16le', Buffer.from('\uFEFFzoë\nb', 'utf16le')],
    ['utf-16be', Buffer.from('\uFEFFzoë\nb', 'utf16le').swap16()],
  ])('reads %s when it is told so', async (encoding, bytes) => {
    expect(await read(bytes, encoding)).toEqual(['zoë', 'b']);
  });

  it.each<[string, Buffer, RegExp]>([
    ['an empty file', Buffer.alloc(0), /log.csv is empty/],
    ['UTF-16', Buffer.from('\uFEFFuser,video\n', 'utf16le'), /UTF-16 .*iconv -f UTF-16/],
    ['UTF-16 without a mark', Buffer.from('user,video\n', 'utf16le'), /UTF-16 or no text/],
    ['Latin-1', Buffer.from('a,b\nc,d\nzo\xeb,e\n', 'latin1'), /not utf-8 near line 3.*iconv -f LATIN1/],
    ['a character cut at the end', Buffer.from('a,b\nzoë').subarray(0, -1), /not utf-8 near line 2/],
    ['a Parquet file', Buffer.from('PAR1....'), /no text but a Parquet file/],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), /compressed by gzip: unpack it/],
  ])('says what is wrong with %s', async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(message);
  });
});
