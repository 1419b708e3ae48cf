/**
 * How a list differs from the one before it.
 *
 * @param before, after video ids in their order
 * @returns {{ marks: Map<string, {kind: 'new' | 'up' | 'down' | 'same', by: number}>, gone: string[] }}
 */
export function compareLists(before, after) {
  const placeBefore = new Map(before.map((videoId, place) => [videoId, place]));
  const marks = new Map(
    after.map((videoId, place) => {
      const was = placeBefore.get(videoId);
      if (was === undefined) return [videoId, { kind: 'new', by: 0 }];
      return [videoId, { kind: was > place ? 'up' : was < place ? 'down' : 'same', by: Math.abs(was - place) }];
    }),
  );
  const kept = new Set(after);
  return { marks, gone: before.filter((videoId) => !kept.has(videoId)) };
}

/** Counts of what `compareLists` found, in words. */
export function summary({ marks, gone }) {
  const kinds = [...marks.values()].map(({ kind }) => kind);
  const count = (kind) => kinds.filter((other) => other === kind).length;
  return `${count('new')} new, ${count('up')} up, ${count('down')} down, ${gone.length} gone`;
}
