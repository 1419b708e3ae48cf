import { open } from 'node:fs/promises';

/** Writes a float32 matrix as NumPy reads it (format 1.0, little-endian, row-major). */
export async function writeNpy(path: string, values: Float32Array, columns: number): Promise<void> {
  const shape = `(${values.length / columns}, ${columns})`;
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`;
  // Magic, version, length, description: padded to a multiple of 64, with a line feed at the end.
  const length = Math.ceil((10 + description.length + 1) / 64) * 64 - 10;
  const header = Buffer.alloc(10 + length, ' ');
  header.set([0x93, ...Buffer.from('NUMPY'), 1, 0]);
  header.writeUInt16LE(length, 8);
  header.write(description, 10, 'latin1');
  header[header.length - 1] = 0x0a;
  const file = await open(path, 'w');
  try {
    await file.write(header);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const chunk = 64 << 20;
    for (let from = 0; from < bytes.length; from += chunk) await file.write(bytes.subarray(from, from + chunk));
  } finally {
    await file.close();
  }
}
