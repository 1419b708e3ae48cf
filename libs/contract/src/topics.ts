/** Topic names. The version changes when the number of partitions or the key does. */
export const TOPICS = {
  /** What users do; key = user id, value = `Event`. */
  activity: 'watchnext.activity.v1',
  /** What videos are; key = video id, value = `Event` with a video body; compacted. */
  catalog: 'watchnext.catalog.v1',
  /** Published snapshots; key = snapshot id, value = `SnapshotAnnouncement`; compacted. */
  snapshots: 'watchnext.snapshots.v1',
  /** What could not be processed; key = the original key, value = `DeadLetter`. */
  deadLetters: 'watchnext.dead-letters.v1',
} as const;
