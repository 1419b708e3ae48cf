import type { Metrics } from '../metrics';
import { Dependency } from './dependency';

/** Far more than a collector takes that is well, but for full batches and logins. */
const COLLECTOR_TELLING_MS = 250;

/** Everything that a request calls, each with a circuit of its own. */
export interface Calls {
  readonly retrieval: Dependency;
  readonly ranking: Dependency;
  readonly featureStore: Dependency;
  readonly eventLog: Dependency;
  readonly collector: Dependency;
}

export function createCalls(metrics: Metrics): Calls {
  const parts = { reports: metrics };
  const calls = {
    retrieval: new Dependency('retrieval', parts),
    ranking: new Dependency('ranking', parts),
    featureStore: new Dependency('feature store', parts),
    eventLog: new Dependency('event log', parts),
    collector: new Dependency('collector', { ...parts, tellingMs: COLLECTOR_TELLING_MS }),
  };
  metrics.circuits(Object.values(calls));
  return calls;
}
