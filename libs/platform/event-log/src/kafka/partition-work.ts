/** What is being done for each partition, so that the next thing can wait for it. */
export class PartitionWork {
  private readonly current = new Map<number, Promise<unknown>>();

  /** @returns `work` itself; it counts as running until it settles */
  track<Result>(partition: number, work: Promise<Result>): Promise<Result> {
    const both = Promise.allSettled([this.current.get(partition), work]).then(() => {
      if (this.current.get(partition) === both) this.current.delete(partition);
    });
    this.current.set(partition, both);
    return work;
  }

  /** Runs `run` once what runs for the partition now has ended; what comes later waits for it. */
  after(partition: number, run: () => Promise<void> | undefined): Promise<void> {
    const before = this.current.get(partition) ?? Promise.resolve();
    return this.track(
      partition,
      before.then(() => run()),
    );
  }

  /** Resolves once nothing runs for the partition; never rejects. */
  async settled(partition: number): Promise<void> {
    for (let work = this.current.get(partition); work; work = this.current.get(partition)) await work;
  }

  async allSettled(): Promise<void> {
    while (this.current.size > 0) await Promise.all(this.current.values());
  }
}
