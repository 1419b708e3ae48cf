export * from './chaos';
export * from './faults';
export { isInterrupted, stopToo, stopWorldsOnSignal, temporaryFolder, type TemporaryFolder } from './interruption';
export { isolatedService, withoutSettings } from './isolated-service';
export { LocalSystem, until, type LocalSystemOptions } from './local-system';
export { verifyServedFeatures, type SkewMismatch, type SkewReport } from './skew';
