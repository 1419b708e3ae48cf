/** Safetensors files of any size: read and written tensor by tensor, never as a whole in one buffer. */
import { type FileHandle, open } from 'node:fs/promises';
import type { NamedTensor, NamedTensors } from '@watchnext/learning';
import {
  allocateData,
  bytesOf,
  decodeHeader,
  encodeHeader,
  headerLength,
  LENGTH_BYTES,
  SafetensorsError,
} from './safetensors';

/** Far below the 2 GiB that one system call can move. */
const CHUNK_BYTES = 64 << 20;

/** Writes (or replaces) a file. @throws RangeError for a tensor whose shape and length disagree */
export async function writeSafetensorsFile(path: string, tensors: NamedTensors): Promise<void> {
  const { header, entries } = encodeHeader(tensors);
  const file = await open(path, 'w');
  try {
    await writeFully(file, header, 0);
    for (const { name, begin } of entries) {
      await writeFully(file, bytesOf((tensors.get(name) as NamedTensor).data), header.length + begin);
    }
  } finally {
    await file.close();
  }
}

export interface ReadSafetensorsOptions {
  /** Whether the arrays shall lie on shared memory. */
  readonly shared?: boolean;
  /** Names of the tensors wanted; by default all. */
  readonly only?: (name: string) => boolean;
}

/** Reads tensors of a file, each into an array of its own. @throws SafetensorsError */
export async function readSafetensorsFile(
  path: string,
  { shared = false, only = () => true }: ReadSafetensorsOptions = {},
): Promise<Map<string, NamedTensor>> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const start = new Uint8Array(Math.min(LENGTH_BYTES, size));
    await readFully(file, start, 0);
    const header = new Uint8Array(headerLength(start, size));
    await readFully(file, header, LENGTH_BYTES);
    const dataStart = LENGTH_BYTES + header.length;
    const tensors = new Map<string, NamedTensor>();
    for (const entry of decodeHeader(header, size - dataStart)) {
      if (!only(entry.name)) continue;
      const data = allocateData(entry, shared);
      await readFully(file, bytesOf(data), dataStart + entry.begin);
      tensors.set(entry.name, { shape: entry.shape, data });
    }
    return tensors;
  } finally {
    await file.close();
  }
}

async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const length = Math.min(CHUNK_BYTES, bytes.length - done);
    done += (await file.write(bytes, done, length, position + done)).bytesWritten;
  }
}

async function readFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const length = Math.min(CHUNK_BYTES, bytes.length - done);
    const { bytesRead } = await file.read(bytes, done, length, position + done);
    if (bytesRead === 0) throw new SafetensorsError('it ends too early');
    done += bytesRead;
  }
}
