export class TablesTooLargeError extends RangeError {
  constructor(bytes: number) {
    super(`training needs ${(bytes / 2 ** 30).toFixed(1)} GiB for the tables and a batch; WebAssembly can address 4`);
    this.name = 'TablesTooLargeError';
  }
}

/** Shared WebAssembly memory, handed out from its beginning on and never taken back before all of it goes. */
export class Arena {
  readonly memory: WebAssembly.Memory;
  private end = ALIGNMENT; // no address is 0

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: LARGEST_PAGES, shared: true });
  }

  /** Zeros, on a cache line of their own. @throws TablesTooLargeError, RangeError when the system has no more */
  allocate(bytes: number): number {
    const address = this.end;
    this.end += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const pages = Math.ceil(this.end / PAGE_BYTES);
    const missing = pages - this.memory.buffer.byteLength / PAGE_BYTES;
    if (pages > LARGEST_PAGES) throw new TablesTooLargeError(this.end);
    if (missing > 0) this.memory.grow(missing);
    return address;
  }

  floats(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  integers(address: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, length);
  }
}

const ALIGNMENT = 64;
const PAGE_BYTES = 65_536;
/** One page less than 4 GiB, so that every address and size fits into 32 bits. */
const LARGEST_PAGES = 2 ** 32 / PAGE_BYTES - 1;
