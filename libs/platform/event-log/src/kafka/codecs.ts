/**
 * What kafkajs lacks: snappy, lz4 and zstd, so that batches of any producer can be read.
 * gzip is built in. Registered once for the process, as kafkajs keeps its codecs globally.
 */
import { decompress as zstdDecompress, compress as zstdCompress, init as initZstd } from '@bokuweb/zstd-wasm';
import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { compressFrame, decompressFrame } from 'lz4-napi';
import { compress as snappyCompress, uncompress as snappyUncompress } from 'snappy';

/** kafkajs's Encoder: what it hands to a codec, of which only the bytes matter. */
interface Encoder {
  readonly buffer: Buffer;
}

/** Snappy's level of effort does not exist; zstd's own default is 3. */
const ZSTD_LEVEL = 3;
/** Java's snappy streams start so, followed by two versions (int32) and then length-prefixed blocks. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const XERIAL_HEADER_BYTES = XERIAL_MAGIC.length + 8;
/** Room for frames that do not state their content's size; tried from small to large. */
const ZSTD_ROOM_BYTES = [4, 16, 64, 256].map((mebibytes) => mebibytes * 1024 * 1024);

let registered: Promise<void> | undefined;

export function registerCodecs(): Promise<void> {
  return (registered ??= (async () => {
    await initZstd();
    CompressionCodecs[CompressionTypes.Snappy] = () => ({
      compress: ({ buffer }: Encoder) => snappyCompress(buffer),
      decompress: decompressSnappy,
    });
    CompressionCodecs[CompressionTypes.LZ4] = () => ({
      compress: ({ buffer }: Encoder) => compressFrame(buffer),
      decompress: (bytes: Buffer) => decompressFrame(bytes),
    });
    CompressionCodecs[CompressionTypes.ZSTD] = () => ({
      compress: async ({ buffer }: Encoder) => Buffer.from(zstdCompress(buffer, ZSTD_LEVEL)),
      decompress: async (bytes: Buffer) => decompressZstd(bytes),
    });
  })());
}

/** Java's framing, or one raw block as librdkafka sends it. */
export async function decompressSnappy(bytes: Buffer): Promise<Buffer> {
  if (!bytes.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return asBuffer(await snappyUncompress(bytes));
  const blocks: Buffer[] = [];
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length; ) {
    const size = bytes.readInt32BE(at);
    if (size <= 0 || at + 4 + size > bytes.length) throw new RangeError(`a snappy block of ${size} bytes at ${at} of ${bytes.length}`);
    blocks.push(asBuffer(await snappyUncompress(bytes.subarray(at + 4, at + 4 + size))));
    at += 4 + size;
  }
  return Buffer.concat(blocks);
}

export function decompressZstd(bytes: Buffer): Buffer {
  let failure: unknown;
  for (const defaultHeapSize of ZSTD_ROOM_BYTES) {
    try {
      return Buffer.from(zstdDecompress(bytes, { defaultHeapSize }));
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function asBuffer(bytes: string | Buffer): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'binary') : bytes;
}
