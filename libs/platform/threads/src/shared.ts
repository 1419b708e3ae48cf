/** Typed arrays on memory that all threads see. */

/** The values themselves where they are on shared memory already, or else a copy that is. */
export function shared(values: Float32Array): Float32Array {
  // By name: what another thread sent may be of another realm's class.
  if (values.buffer[Symbol.toStringTag] === 'SharedArrayBuffer') return values;
  const copy = new Float32Array(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
}

export const sharedFloats = (length: number) => new Float32Array(new SharedArrayBuffer(length * 4));
export const sharedInts = (length: number) => new Int32Array(new SharedArrayBuffer(length * 4));
export const sharedBytes = (length: number) => new Uint8Array(new SharedArrayBuffer(length));
