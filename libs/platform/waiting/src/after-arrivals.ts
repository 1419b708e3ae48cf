/**
 * A timer that is fair after a pause of this process: timers come before what arrived meanwhile, the immediate of this one after it.
 *
 * @returns what stops it
 */
export function afterArrivals(work: () => void, ms: number): () => void {
  let lastLook: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => (lastLook = setImmediate(work)), ms);
  return () => {
    clearTimeout(timer);
    clearImmediate(lastLook);
  };
}
