export { DEV_APPS, develop, type DevelopOptions, replay, runOnce } from './develop';
export { fillArchive, fillEventLog, fillFeatureStore, fillSnapshots, sentEvents } from './fill-stores';
export {
  archiveFolder,
  readRecording,
  RELEASED_RECORDING,
  snapshotFolder,
  type Exchange,
  type Recording,
} from './recording';
export { record } from './record/record';
