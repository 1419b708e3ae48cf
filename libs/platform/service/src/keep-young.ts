import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';

/** Up to so many processors the threads that help to collect take them from the requests that wait meanwhile. */
const FEW_PROCESSORS = 2;

/**
 * For services whose requests viewers wait for, before their first one: what requests make is made in the young generation, always.
 * V8 watches what survives a collection. Of a list's candidates those of the requests under way do, so after a while it makes all of them
 * in the old generation; there they hold on to all that they point to until the next full collection. A young one then took three to five
 * times as long (`npm run bench -- rank`, which calls this too), and each request that it fell into waited for it.
 *
 * On few processors a young collection is done by the one thread that needs it: four helpers, woken for a millisecond's work, made
 * bursts late (docs/decisions/0161-what-a-list-waits-for.md).
 *
 * Not for ingestion: of what it makes, states and rows for the archive outlive many collections, and its callers send in batches.
 */
export function keepRequestsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
  if (availableParallelism() <= FEW_PROCESSORS) setFlagsFromString('--no-parallel-scavenge');
}
