/**
 * Keeps a few snapshots loaded, follows the store's pointer, and lends them to requests.
 *
 * What it promises:
 * - A swap drops no request: a snapshot that leaves is closed only after its last running use.
 * - What the pointer no longer names once it is loaded does not become current, unless nothing else is. While a load is under
 *   way the pointer is looked at as well: back to a held one, that answers at once, and the load ends.
 * - A snapshot that cannot be verified or loaded is refused and reported, and nothing that is held is given up for
 *   it. Polls try it again, at growing intervals (each of them, where only the store was away, or a copy differed from its
 *   digest for the first time a moment ago); the pointer moving on ends that.
 * - Where nothing is held yet, as after a restart, and the pointer's snapshot is refused, its ancestors are tried:
 *   each of them was current once.
 * - At most `capacity` snapshots are held, besides pinned ones, one being loaded and those that running uses keep open. Of
 *   too many the one leaves that has been current, or used, least recently: a service that refused what came since still asks
 *   this one for the snapshot that it stayed with. Pinned ones are loaded though they are not current. A pointer back to a held one loads nothing.
 * - Refreshes never run side by side; a refresh asked for during another one starts after it and sees what is new.
 */
import { type FileFilter, type LocalSnapshot, type SnapshotStore, SnapshotStoreError } from './port';
import { SnapshotRefusals } from './snapshot-refusals';

export interface SnapshotHolderOptions<T> {
  readonly store: SnapshotStore;
  /**
   * Makes a verified snapshot ready to serve. A rejection refuses the snapshot.
   * @param stopping aborted when the holder closes, or wants the snapshot no longer, and waits for it: then the load is to end soon,
   * and leave nothing open
   */
  readonly load: (local: LocalSnapshot, stopping: AbortSignal) => Promise<T>;
  /** The files that `load` needs; default: all. */
  readonly only?: FileFilter;
  /** How many snapshots to hold; default 3: current, previous, and one more. */
  readonly capacity?: number;
  /** Ids to load and keep beside those; asked at every look at the pointer. */
  readonly pinned?: () => readonly string[];
  /** Seconds between looks at the pointer; default 2. */
  readonly pollSeconds?: number;
  readonly callbacks?: SnapshotHolderCallbacks;
}

/** Where a holder reports to. What a callback throws is ignored. */
export interface SnapshotHolderCallbacks {
  /** Another snapshot answers from now on. */
  onCurrent?(snapshotId: string, previousId: string | undefined): void;
  /** A snapshot was not taken; `attempt` counts from 1 for each id. */
  onRefused?(snapshotId: string, error: Error, attempt: number): void;
  /** A snapshot left and was closed. */
  onReleased?(snapshotId: string): void;
  /** A look at the pointer failed: whether there is another snapshot is not known. */
  onPointerUnreadable?(error: Error): void;
  /** A snapshot could not be closed. */
  onError?(error: Error): void;
}

/** A use named a snapshot that is not held (or, without a name, none is held yet). */
export class SnapshotNotHeldError extends Error {
  readonly code: 'snapshot-not-held' | 'no-snapshot';
  readonly retriable: boolean;
  constructor(
    readonly snapshotId: string | undefined,
    readonly heldIds: readonly string[],
    /** Of those held, the ones that may serve any request: see `SnapshotHolder.servableIds`. */
    readonly servableIds: readonly string[] = heldIds,
  ) {
    super(
      snapshotId === undefined
        ? 'no snapshot is loaded yet'
        : `snapshot ${snapshotId} is not held; held: ${heldIds.join(', ') || 'none'}`,
    );
    this.name = 'SnapshotNotHeldError';
    this.code = snapshotId === undefined ? 'no-snapshot' : 'snapshot-not-held';
    this.retriable = snapshotId === undefined;
  }
}

interface Held<T> {
  readonly snapshotId: string;
  readonly value: T;
  useCount: number;
  evicted: boolean;
  /** Larger for what became current later; 0: it never was. */
  currentTurn: number;
  /** Larger for what became current, or was used, later. */
  lastTurn: number;
  /** Settles once the value is closed. */
  readonly closed: Promise<void>;
  readonly markClosed: () => void;
}

/** A load under way. */
interface Loading {
  /** Of what the pointer named, or an ancestor of it: not wanted once the pointer names a held one. */
  readonly isForPointer: boolean;
  readonly aborting: AbortController;
  /** Looks at the pointer meanwhile, one after the other: an earlier one must not answer last. */
  looks: Promise<void>;
  timer?: NodeJS.Timeout;
}

export class SnapshotHolder<T extends { close(): Promise<void> | void }> {
  private readonly held = new Map<string, Held<T>>();
  private readonly refusals: SnapshotRefusals;
  private readonly capacity: number;
  private readonly pollMs: number;
  private current: Held<T> | undefined;
  private turn = 0;
  private running: Promise<void> | undefined;
  private queued: Promise<void> | undefined;
  /** Whether somebody asked for the queued one, besides the timer. */
  private queuedEvenIfRefused = false;
  private timer: NodeJS.Timeout | undefined;
  private loading: Loading | undefined;
  private closing: Promise<void> | undefined;
  private readonly aborting = new AbortController();

  constructor(private readonly options: SnapshotHolderOptions<T>) {
    this.capacity = options.capacity ?? 3;
    if (!Number.isInteger(this.capacity) || this.capacity < 1) throw new RangeError('capacity must be 1 or more');
    this.pollMs = (options.pollSeconds ?? 2) * 1_000;
    this.refusals = new SnapshotRefusals(this.pollMs);
  }

  /** Loads what the pointer names, if anything, and begins to follow it. Never rejects: see the callbacks. */
  async start(): Promise<void> {
    await this.refresh();
    this.schedulePoll();
  }

  /** Looks at the pointer now, as after an announcement, and loads what is new. Never rejects: see the callbacks. */
  refresh(): Promise<void> {
    return this.enqueue(true);
  }

  /**
   * Runs `work` with a held snapshot (default: the current one), which stays open until `work` settles.
   * @throws SnapshotNotHeldError, and what `work` throws
   */
  async use<R>(snapshotId: string | undefined, work: (value: T, snapshotId: string) => Promise<R> | R): Promise<R> {
    const held = snapshotId === undefined ? this.current : this.held.get(snapshotId);
    if (held === undefined) throw new SnapshotNotHeldError(snapshotId, this.heldIds(), this.servableIds());
    held.useCount += 1;
    held.lastTurn = ++this.turn;
    try {
      return await work(held.value, held.snapshotId);
    } finally {
      held.useCount -= 1;
      if (held.evicted && held.useCount === 0) void this.closeValue(held);
    }
  }

  /** Newest first. */
  heldIds(): string[] {
    return [...this.held.keys()].sort().reverse();
  }

  /**
   * The held ones that were current here, the current one first. The others are loaded for an experiment alone, and no
   * request outside of it may be given them.
   */
  servableIds(): string[] {
    return [...this.held.values()]
      .filter(({ currentTurn }) => currentTurn > 0)
      .sort((a, b) => b.currentTurn - a.currentTurn)
      .map(({ snapshotId }) => snapshotId);
  }

  currentId(): string | undefined {
    return this.current?.snapshotId;
  }

  /** Stops following, and a load under way, lets running uses end, and closes everything held. */
  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    clearTimeout(this.timer);
    this.aborting.abort(new Error('the holder of snapshots is closed'));
    await this.queued;
    await this.running;
    const all = [...this.held.values()];
    for (const held of all) this.evict(held);
    this.current = undefined;
    await Promise.all(all.map((held) => held.closed));
  }

  private schedulePoll(): void {
    if (this.closing) return;
    this.timer = setTimeout(() => {
      void this.enqueue(false).then(() => this.schedulePoll());
    }, this.pollMs);
    this.timer.unref();
  }

  /** One refresh at a time, and at most one waiting: it will see all that happened before it starts. */
  private enqueue(evenIfRefused: boolean): Promise<void> {
    if (this.running === undefined) {
      this.running = this.followPointer(evenIfRefused).finally(() => (this.running = undefined));
      return this.running;
    }
    // Whoever asks knows of a change.
    if (evenIfRefused && this.loading) this.lookBeside(this.loading);
    this.queuedEvenIfRefused ||= evenIfRefused;
    this.queued ??= this.running.then(() => {
      const asked = this.queuedEvenIfRefused;
      this.queued = undefined;
      this.queuedEvenIfRefused = false;
      return this.enqueue(asked);
    });
    return this.queued;
  }

  private async followPointer(evenIfRefused: boolean): Promise<void> {
    if (this.closing) return;
    const pinned = this.options.pinned?.() ?? [];
    const wanted = await this.followCurrent(evenIfRefused, pinned);
    for (const id of pinned) {
      if (id === wanted || this.held.has(id) || this.closing) continue;
      if (evenIfRefused || this.refusals.mayTry(id)) await this.load(id, false);
    }
    this.evictBeyondCapacity();
  }

  /** @returns the id that the pointer names; undefined for none, or where it cannot be read */
  private async followCurrent(evenIfRefused: boolean, pinned: readonly string[]): Promise<string | undefined> {
    const wanted = await this.readPointer();
    if (wanted === undefined) return undefined;
    this.refusals.keepOnly([wanted, ...pinned]);
    if (wanted === this.current?.snapshotId) return wanted;
    const held = this.held.get(wanted);
    if (held !== undefined) {
      this.makeCurrent(held);
      return wanted;
    }
    if (!evenIfRefused && !this.refusals.mayTry(wanted)) return wanted;
    const loaded = await this.load(wanted, true);
    if (loaded === undefined) {
      if (this.current === undefined) await this.takeAncestor(wanted);
      return wanted;
    }
    const wantedNow = await this.readPointer();
    const isWanted = wantedNow === undefined || wantedNow === wanted;
    if (isWanted || this.current === undefined) this.makeCurrent(loaded);
    return isWanted || this.closing ? wanted : this.followCurrent(evenIfRefused, pinned);
  }

  /** Undefined for none, or where it cannot be read, which is reported. */
  private async readPointer(): Promise<string | undefined> {
    try {
      return await this.options.store.readPointer();
    } catch (error) {
      this.report('onPointerUnreadable', asError(error));
      return undefined;
    }
  }

  private makeCurrent(held: Held<T>): void {
    const previousId = this.current?.snapshotId;
    held.currentTurn = held.lastTurn = ++this.turn;
    this.current = held;
    this.report('onCurrent', held.snapshotId, previousId);
    this.evictBeyondCapacity();
  }

  /** Holds one more snapshot; undefined when it was refused, or is wanted no longer. */
  private async load(snapshotId: string, isForPointer: boolean): Promise<Held<T> | undefined> {
    const { store, load, only } = this.options;
    const loading: Loading = { isForPointer, aborting: new AbortController(), looks: Promise.resolve() };
    const signal = AbortSignal.any([this.aborting.signal, loading.aborting.signal]);
    this.loading = loading;
    this.scheduleLook(loading);
    try {
      const held = newHeld(snapshotId, await load(await store.fetch(snapshotId, { only, signal }), signal));
      this.refusals.delete(snapshotId);
      this.held.set(snapshotId, held);
      // A load at its last step may end all the same when it is told to stop: nobody waits for it any more.
      return signal.aborted ? undefined : held;
    } catch (error) {
      // What was not let finish is not refused.
      if (!signal.aborted) this.refuse(snapshotId, asError(error));
      return undefined;
    } finally {
      clearTimeout(loading.timer);
      this.loading = undefined;
    }
  }

  private scheduleLook(loading: Loading): void {
    loading.timer = setTimeout(() => {
      this.lookBeside(loading);
      void loading.looks.then(() => {
        if (this.loading === loading) this.scheduleLook(loading);
      });
    }, this.pollMs);
    loading.timer.unref();
  }

  /** Looks at the pointer beside a load, which may take minutes: a way back that needs no load does not wait for it. */
  private lookBeside(loading: Loading): void {
    loading.looks = loading.looks.then(async () => {
      if (this.loading !== loading || this.closing) return;
      const wanted = await this.readPointer();
      const held = wanted === undefined ? undefined : this.held.get(wanted);
      if (held === undefined || this.loading !== loading || this.closing) return;
      if (loading.isForPointer) loading.aborting.abort(new Error(`the pointer names ${wanted}`));
      if (held !== this.current) this.makeCurrent(held);
    });
  }

  private async takeAncestor(refusedId: string): Promise<void> {
    let id = refusedId;
    for (let step = 0; step < this.capacity; step++) {
      try {
        id = (await this.options.store.readManifest(id)).parentSnapshotId;
      } catch {
        // The refusal of this very snapshot was reported already; without its manifest the line ends here.
        return;
      }
      if (id === '' || this.closing) return;
      const ancestor = this.held.get(id) ?? (await this.load(id, true));
      // Meanwhile the pointer may have gone to one that is held.
      if (this.current !== undefined) return;
      if (ancestor !== undefined) return this.makeCurrent(ancestor);
    }
  }

  private refuse(snapshotId: string, error: Error): void {
    this.report('onRefused', snapshotId, error, this.refusals.add(snapshotId, error));
  }

  private evictBeyondCapacity(): void {
    const pinned = new Set(this.options.pinned?.());
    // What was never current here was held for an experiment, which no longer asks for it.
    const stays = (held: Held<T>) =>
      held === this.current ? Infinity : held.currentTurn > 0 ? held.lastTurn : held.currentTurn;
    const byTurn = [...this.held.values()]
      .filter((held) => held === this.current || !pinned.has(held.snapshotId))
      .sort((a, b) => stays(b) - stays(a));
    for (const held of byTurn.slice(this.capacity)) this.evict(held);
  }

  private evict(held: Held<T>): void {
    this.held.delete(held.snapshotId);
    held.evicted = true;
    if (held.useCount === 0) void this.closeValue(held);
  }

  private async closeValue(held: Held<T>): Promise<void> {
    try {
      await held.value.close();
      this.report('onReleased', held.snapshotId);
    } catch (error) {
      this.report('onError', asError(error));
    } finally {
      held.markClosed();
    }
  }

  private report<K extends keyof SnapshotHolderCallbacks>(
    callback: K,
    ...values: Parameters<NonNullable<SnapshotHolderCallbacks[K]>>
  ): void {
    const { callbacks } = this.options;
    try {
      (callbacks?.[callback] as ((...values: unknown[]) => void) | undefined)?.call(callbacks, ...values);
    } catch {
      // A reporter must not break serving.
    }
  }
}

function newHeld<T>(snapshotId: string, value: T): Held<T> {
  let markClosed = (): void => undefined;
  const closed = new Promise<void>((resolve) => (markClosed = resolve));
  return { snapshotId, value, useCount: 0, evicted: false, currentTurn: 0, lastTurn: 0, closed, markClosed };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new SnapshotStoreError(String(error), 'unknown', false);
}
