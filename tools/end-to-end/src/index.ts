export * from './chaos';
export * from './faults';
export { isInterrupted, stopToo, stopWorldsOnSignal, temporaryFolder, type TemporaryFolder } from './interruption';
export { quantile } from './quantile';
export { LocalSystem, until, type LocalSystemOptions } from './local-system';
export { ServiceProcess, withoutSettings, type AppName } from './service-process';
export { verifyServedFeatures, type SkewMismatch, type SkewReport } from './skew';
