/** Lets one part of a program wait until another says that something changed. */
export class Signal {
  private readonly waiters = new Set<() => void>();

  /** Wakes all that wait now. */
  notify(): void {
    for (const wake of [...this.waiters]) wake();
  }

  /** Resolves at the next `notify`, or after so many milliseconds. */
  wait(timeoutMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = timeoutMs === undefined ? undefined : setTimeout(() => wake(), timeoutMs);
      const wake = () => {
        clearTimeout(timer);
        this.waiters.delete(wake);
        resolve();
      };
      this.waiters.add(wake);
    });
  }
}
