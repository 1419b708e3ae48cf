import { sharedFloats } from '@watchnext/threads';

/** Buffers kept for requests to come; more at once make their own. */
const KEPT_BUFFERS = 4;

/** Buffers on shared memory that requests take turns with. Of too many the largest stay: a small one serves small requests only. */
export class BufferPool {
  private readonly buffers: Float32Array[] = [];

  /** @returns a buffer of this length or longer, with whatever is in it */
  take(length: number): Float32Array {
    const place = this.buffers.findIndex((buffer) => buffer.length >= length);
    return place < 0 ? sharedFloats(length) : this.buffers.splice(place, 1)[0]!;
  }

  give(buffer: Float32Array): void {
    if (this.buffers.length < KEPT_BUFFERS) {
      this.buffers.push(buffer);
      return;
    }
    const lengths = this.buffers.map(({ length }) => length);
    const smallest = lengths.indexOf(Math.min(...lengths));
    if (lengths[smallest]! < buffer.length) this.buffers[smallest] = buffer;
  }
}
