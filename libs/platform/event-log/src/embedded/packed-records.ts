/** Records on their way to the thread that writes them: few objects, since each is copied. */

export interface PackedRecords {
  readonly topicId: number;
  /** Of each record. */
  readonly partitions: Uint32Array;
  /** Entries one after the other, and where each ends. */
  readonly entries: Uint8Array;
  readonly ends: Uint32Array;
  /** Of each record, where the topic keeps only the newest of a key. */
  readonly keys: readonly string[] | undefined;
}

export function packRecords(
  topicId: number,
  records: readonly { readonly key: string; readonly partition: number; readonly entry: Uint8Array }[],
  compacted: boolean,
): PackedRecords {
  const ends = new Uint32Array(records.length);
  let size = 0;
  records.forEach(({ entry }, i) => (ends[i] = size += entry.length));
  // Not out of Buffer's pool, all of which would be copied.
  const entries = new Uint8Array(size);
  records.forEach(({ entry }, i) => entries.set(entry, ends[i]! - entry.length));
  return {
    topicId,
    partitions: Uint32Array.from(records, ({ partition }) => partition),
    entries,
    ends,
    keys: compacted ? records.map(({ key }) => key) : undefined,
  };
}
