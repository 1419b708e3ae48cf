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
