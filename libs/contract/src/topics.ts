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

/** Topics whose form no setting changes, for `ensureTopics`. */
export const CATALOG_TOPIC = { name: TOPICS.catalog, partitionCount: 1, compacted: true } as const;
export const SNAPSHOTS_TOPIC = { name: TOPICS.snapshots, partitionCount: 1, compacted: true } as const;

/** Every topic with its form, for `ensureTopics`. A topic that exists with another form is refused by the log. */
export function topicSpecs(activityPartitionCount: number) {
  return {
    activity: { name: TOPICS.activity, partitionCount: activityPartitionCount },
    catalog: CATALOG_TOPIC,
    snapshots: SNAPSHOTS_TOPIC,
    deadLetters: { name: TOPICS.deadLetters, partitionCount: 1 },
  } as const;
}
