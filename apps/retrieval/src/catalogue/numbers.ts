/** Numbers of keys, from 0 on. One whose key nothing uses any more is given to the next new key, so that they do not grow for ever. */
export class Numbers {
  private readonly numbers = new Map<string, number>();
  /** By number. */
  private readonly uses: number[] = [];
  private readonly free: number[] = [];

  /** Numbers given at once, at most so far. */
  get count(): number {
    return this.uses.length;
  }

  /** Undefined for a key that nothing uses. */
  of(key: string): number | undefined {
    return this.numbers.get(key);
  }

  /** One more use of the key. */
  use(key: string): number {
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.free.pop() ?? this.uses.length;
      this.uses[number] = 0;
      this.numbers.set(key, number);
    }
    this.uses[number]!++;
    return number;
  }

  /**
   * One use less of a key that is used.
   * @returns its number, where that was the last
   */
  leave(key: string): number | undefined {
    const number = this.numbers.get(key)!;
    if (--this.uses[number]! > 0) return undefined;
    this.numbers.delete(key);
    this.free.push(number);
    return number;
  }
}
