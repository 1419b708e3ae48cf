/** Long work in short turns: between two of them the event loop answers requests. */
import { setImmediate } from 'node:timers/promises';

/** Milliseconds of work before the event loop gets its turn. */
const TURN_MS = 2;
/** Items sorted at once, and steps of a merge between two looks at the clock: a fraction of a millisecond. */
const RUN_LENGTH = 512;

export type Clock = () => number;
const MONOTONIC: Clock = () => performance.now();

/** Works on the items one by one; what comes into a collection meanwhile is worked on too, as its iterator says. */
export async function inTurns<Item>(
  items: Iterable<Item>,
  work: (item: Item) => void,
  clock: Clock = MONOTONIC,
): Promise<void> {
  let endsAtMs = clock() + TURN_MS;
  for (const item of items) {
    work(item);
    if (clock() < endsAtMs) continue;
    await setImmediate();
    endsAtMs = clock() + TURN_MS;
  }
}

/** A stable sort. @returns the items in order; the array given is left as it is */
export async function sortInTurns<Item>(
  items: readonly Item[],
  compare: (a: Item, b: Item) => number,
  clock: Clock = MONOTONIC,
): Promise<Item[]> {
  let runs: Item[][] = [];
  await inTurns(
    starts(items.length, RUN_LENGTH),
    (from) => runs.push(items.slice(from, from + RUN_LENGTH).sort(compare)),
    clock,
  );
  while (runs.length > 1) {
    const merged: Item[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      const target: Item[] = [];
      await inTurns(mergeSteps(runs[i]!, runs[i + 1] ?? [], compare, target), () => undefined, clock);
      merged.push(target);
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* starts(length: number, step: number): Generator<number> {
  for (let from = 0; from < length; from += step) yield from;
}

function* mergeSteps<Item>(
  left: readonly Item[],
  right: readonly Item[],
  compare: (a: Item, b: Item) => number,
  target: Item[],
): Generator<void> {
  for (let [i, j] = [0, 0]; i < left.length || j < right.length;) {
    const isLeft = j >= right.length || (i < left.length && compare(left[i]!, right[j]!) <= 0);
    target.push(isLeft ? left[i++]! : right[j++]!);
    if (target.length % RUN_LENGTH === 0) yield;
  }
}
