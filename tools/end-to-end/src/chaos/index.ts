export { runChaos, type ChaosOptions, type ChaosResult } from './chaos-run';
export { EventFuzzer, type FuzzedRecord } from './event-fuzzer';
export { logLines, MaterialiserFleet, type Materialiser } from './materialiser-fleet';
export { FuzzedProducer } from './producer';
export { setScene, type ChaosWorld, type Scene } from './scene';
export { storedStates, Truth, type Difference } from './truth';
export { compareLog, drained, materialiserLag } from './verify';
export { openSpace, openStores, startEmbeddedWorld, startRealWorld, type OwnWorld, type RealWorld } from './worlds';
