import { HeldCalls, Thread, type ThreadLostError } from '@watchnext/threads';
import { programPath } from './program-path';
import type { SearchHandlers } from './search-program';

type Input<Name extends keyof SearchHandlers> = Parameters<SearchHandlers[Name]>[0];

const settled = () => undefined;

/**
 * A thread that searches, and inserts in between: however many vectors come at once, a search waits for one insert. Searches wait
 * before it, so that none is made whose caller has gone.
 */
export class SearchThread extends Thread<SearchHandlers> {
  private readonly held = new HeldCalls();
  private searching = 0;
  private lastInsert: Promise<void> | undefined;

  constructor(onLost?: (error: ThreadLostError) => void, isBackground = false) {
    super(programPath('search-program'), onLost, { isBackground });
  }

  /** Searches without an answer yet. */
  get pendingSearches(): number {
    return this.searching;
  }

  /** @param signal aborted while the search waits, it is not made. @throws its reason */
  async search(input: Input<'search'>, signal?: AbortSignal): Promise<ReturnType<SearchHandlers['search']>> {
    this.searching++;
    try {
      return await this.held.run(() => this.call('search', input), signal);
    } finally {
      this.searching--;
    }
  }

  /** Inserts after those asked for before, of all snapshots; the thread has at most one of them to do. */
  insert(input: Input<'insert'>): Promise<void> {
    const insert = () => this.call('insert', input);
    const inserted = this.lastInsert ? this.lastInsert.then(insert) : insert();
    const last = inserted.then(settled, settled).then(() => {
      if (this.lastInsert === last) this.lastInsert = undefined;
    });
    this.lastInsert = last;
    return inserted;
  }
}
