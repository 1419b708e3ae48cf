const LARGEST_KEPT = 10_000;

/** Arrays of so many numbers, used over and over: of its own, each would be an allocation beside the heap, dearer than what goes in. */
export class NumberArrays {
  private readonly arrays: Float64Array[] = [];
  private used = 0;

  constructor(private readonly length: number) {}

  /** One that none has been given since `reuse`, whatever is in it. */
  next(): Float64Array {
    if (this.used === this.arrays.length) this.arrays.push(new Float64Array(this.length));
    return this.arrays[this.used++];
  }

  /** Nobody uses those that were given any more. */
  reuse(): void {
    this.used = 0;
    // Of one user with very many lists, not all are kept.
    if (this.arrays.length > LARGEST_KEPT) this.arrays.length = LARGEST_KEPT;
  }
}
