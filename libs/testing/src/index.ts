export { describeEventLog, type EventLogConformanceOptions, type EventLogUnderTest } from './conformance/event-log';
export { CollectingTail, FoldingHandler } from './conformance/event-log-handlers';
export { describeFeatureStore, type FeatureStoreUnderTest } from './conformance/feature-store';
export { eventually } from './eventually';
export { temporaryDirectory } from './temporary-directory';
export * from './builders';
export { ChildProgram } from './child-program';
export { describeSnapshotStore, type SnapshotStoreUnderTest, writeSnapshotFiles } from './conformance/snapshot-store';
export { archiveRecords, describeEventArchive, type EventArchiveUnderTest, readAll } from './conformance/event-archive';
