/** The first so many of items in an order, found in one pass: of a million items a sort would compare each twenty times. */
export class FirstOf<Item> {
  /** A heap, the last of them on top. */
  private readonly heap: Item[] = [];

  /** @param compare how two items follow each other, as `sort` takes it; no two are equal */
  constructor(
    private readonly capacity: number,
    private readonly compare: (a: Item, b: Item) => number,
  ) {}

  /** @returns whether none was left out by it */
  offer(item: Item): boolean {
    const { heap, capacity, compare } = this;
    if (heap.length < capacity) {
      heap.push(item);
      this.rise(heap.length - 1);
      return true;
    }
    if (capacity > 0 && compare(item, heap[0]!) < 0) {
      heap[0] = item;
      this.sink();
    }
    return false;
  }

  /** In order. */
  sorted(): Item[] {
    return [...this.heap].sort(this.compare);
  }

  private rise(from: number): void {
    const { heap, compare } = this;
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1;
      if (compare(heap[parent]!, heap[at]!) >= 0) return;
      [heap[parent], heap[at]] = [heap[at]!, heap[parent]!];
      at = parent;
    }
  }

  private sink(): void {
    const { heap, compare } = this;
    for (let at = 0; ;) {
      let last = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && compare(heap[child]!, heap[last]!) > 0) last = child;
      }
      if (last === at) return;
      [heap[last], heap[at]] = [heap[at]!, heap[last]!];
      at = last;
    }
  }
}
