export { runChaos, type ChaosOptions, type ChaosResult, type ChaosWorld } from './chaos-run';
export { EventFuzzer, type FuzzedRecord } from './event-fuzzer';
export { logLines, MaterialiserFleet, type Materialiser } from './materialiser-fleet';
export { FuzzedProducer } from './producer';
export { storedStates, Truth, type Difference } from './truth';
export { compareLog, drained, materialiserLag } from './verify';
export { openStores, startEmbeddedWorld, startRealWorld, type OwnWorld, type RealWorld } from './worlds';
