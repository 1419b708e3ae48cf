/**
 * Safetensors, the format of https://github.com/huggingface/safetensors: eight bytes of header length (little-endian),
 * a JSON header {name: {dtype, shape, data_offsets: [begin, end]}}, and the data, row-major and little-endian. Offsets
 * count from the end of the header; tensors lie side by side without gaps and cover the data exactly.
 *
 * As the reference implementation does, the header is padded with spaces to a multiple of eight bytes, and wider types
 * come first, then names in order: so every tensor is aligned, and equal tensors give equal bytes.
 *
 *   await writeSafetensorsFile(path, new Map([['tower.bias', { shape: [2], data: Float32Array.of(1, 2) }]]));
 *   safetensors.numpy.load_file(path)   # Python: {'tower.bias': array([1., 2.], dtype=float32)}
 */
import type { NamedTensor, NamedTensors } from '@watchnext/learning';

export type TensorType = 'F64' | 'F32' | 'I32';
type TensorData = NamedTensor['data'];

/** Where a tensor lies, from the first byte of the data. */
export interface TensorEntry {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** Bytes before the header. */
export const LENGTH_BYTES = 8;
const ALIGNMENT_BYTES = 8;
/** The reference implementation refuses larger headers, as a guard against hostile files. */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA_NAME = '__metadata__';

/** In the order in which types are stored: widest first. */
const ARRAYS = { F64: Float64Array, F32: Float32Array, I32: Int32Array } as const;
const TYPES = Object.keys(ARRAYS) as TensorType[];

export class SafetensorsError extends Error {
  readonly code = 'safetensors';
  readonly retriable = false;
  constructor(detail: string, options?: ErrorOptions) {
    super(`not a safetensors file that can be read here: ${detail}`, options);
    this.name = 'SafetensorsError';
  }
}

/** The bytes before the data, and the entries in the order of their data. @throws RangeError for a tensor whose shape and length disagree */
export function encodeHeader(tensors: NamedTensors): { header: Uint8Array; entries: TensorEntry[] } {
  const order = [...tensors.keys()].sort((a, b) => {
    const byType = TYPES.indexOf(typeOf(tensorOf(tensors, a).data)) - TYPES.indexOf(typeOf(tensorOf(tensors, b).data));
    return byType || (a < b ? -1 : 1);
  });
  const entries: TensorEntry[] = [];
  // A map from names to entries without a prototype, so that a tensor called "__proto__" stays one.
  const description = Object.create(null) as Record<string, unknown>;
  let begin = 0;
  for (const name of order) {
    const { shape, data } = tensorOf(tensors, name);
    if (name === METADATA_NAME) throw new RangeError(`no tensor may be called ${METADATA_NAME}`);
    if (!isShape(shape) || elementCount(shape) !== data.length) {
      throw new RangeError(
        `tensor ${name} has ${data.length} elements, its shape [${shape.join(', ')}] says otherwise`,
      );
    }
    const entry = { name, type: typeOf(data), shape, begin, end: begin + data.byteLength };
    entries.push(entry);
    description[name] = { dtype: entry.type, shape, data_offsets: [entry.begin, entry.end] };
    begin = entry.end;
  }
  const text = new TextEncoder().encode(JSON.stringify(description));
  const paddedLength = Math.ceil(text.length / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  const header = new Uint8Array(LENGTH_BYTES + paddedLength).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(paddedLength), true);
  header.set(text, LENGTH_BYTES);
  return { header, entries };
}

/** Reads and checks the header's length from a file's first bytes. */
export function headerLength(start: Uint8Array, fileLength: number): number {
  if (start.length < LENGTH_BYTES) throw new SafetensorsError('shorter than its header length');
  const length = new DataView(start.buffer, start.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES || Number(length) > fileLength - LENGTH_BYTES) {
    throw new SafetensorsError(`a header of ${length} bytes in a file of ${fileLength}`);
  }
  return Number(length);
}

/** Entries in the order of their data. Checks all that the format promises. */
export function decodeHeader(header: Uint8Array, dataLength: number): TensorEntry[] {
  let description: unknown;
  try {
    description = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(header));
  } catch (error) {
    throw new SafetensorsError('its header is not JSON', { cause: error });
  }
  if (!isObject(description)) throw new SafetensorsError('its header is not an object');
  const entries = Object.entries(description)
    .filter(([name]) => name !== METADATA_NAME)
    .map(([name, entry]) => decodeEntry(name, entry))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const entry of entries) {
    if (entry.begin !== position) throw new SafetensorsError(`tensor ${entry.name} overlaps another or leaves a gap`);
    position = entry.end;
  }
  if (position !== dataLength)
    throw new SafetensorsError(`${dataLength} bytes of data where its header says ${position}`);
  return entries;
}

/** The little-endian bytes of an array, shared with it. */
export function bytesOf(data: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** A zeroed array for a tensor. */
export function allocateData({ type, begin, end }: TensorEntry, shared: boolean): TensorData {
  const byteLength = end - begin;
  const buffer = shared ? new SharedArrayBuffer(byteLength) : new ArrayBuffer(byteLength);
  return new ARRAYS[type](buffer as ArrayBuffer);
}

function decodeEntry(name: string, entry: unknown): TensorEntry {
  if (!isObject(entry)) throw new SafetensorsError(`tensor ${name} is not described`);
  const { dtype, shape, data_offsets: offsets } = entry;
  const type = TYPES.find((known) => known === dtype);
  if (type === undefined)
    throw new SafetensorsError(`tensor ${name} has type ${String(dtype)}; known: ${TYPES.join(', ')}`);
  if (!isShape(shape)) throw new SafetensorsError(`tensor ${name} has no proper shape`);
  if (!isShape(offsets) || offsets.length !== 2) throw new SafetensorsError(`tensor ${name} has no proper offsets`);
  const [begin, end] = offsets as [number, number];
  if (end - begin !== elementCount(shape) * ARRAYS[type].BYTES_PER_ELEMENT) {
    throw new SafetensorsError(
      `tensor ${name} has ${end - begin} bytes, its shape [${shape.join(', ')}] says otherwise`,
    );
  }
  return { name, type, shape, begin, end };
}

function tensorOf(tensors: NamedTensors, name: string): NamedTensor {
  return tensors.get(name) as NamedTensor;
}

function typeOf(data: TensorData): TensorType {
  const type = TYPES.find((candidate) => data instanceof ARRAYS[candidate]);
  if (type === undefined)
    throw new RangeError(`arrays of type ${Object.prototype.toString.call(data)} cannot be stored`);
  return type;
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function isShape(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
