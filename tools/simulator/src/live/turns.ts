/** What each viewer is at: nobody is in two sessions at once, nor logs in within one. */
export class Turns {
  private readonly last = new Map<number, Promise<void>>();

  isBusy(viewerIndex: number): boolean {
    return this.last.has(viewerIndex);
  }

  /** Begins the work when the viewer is through with what it is at. @returns when it is done, or its error */
  take(viewerIndex: number, work: () => Promise<void>): Promise<void> {
    const before = this.last.get(viewerIndex) ?? Promise.resolve();
    const turn = before.catch(() => undefined).then(work);
    this.last.set(viewerIndex, turn);
    const isOver = () => {
      if (this.last.get(viewerIndex) === turn) this.last.delete(viewerIndex);
    };
    turn.then(isOver, isOver);
    return turn;
  }
}
