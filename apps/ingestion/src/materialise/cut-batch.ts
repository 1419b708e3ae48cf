import type { LogRecord } from '@watchnext/event-log';

/** Cuts records, in their order, before each piece would have more than `maxKeys` different keys. */
export function cutBatch(records: readonly LogRecord[], maxKeys: number): (readonly LogRecord[])[] {
  const pieces: (readonly LogRecord[])[] = [];
  const keys = new Set<string>();
  let from = 0;
  records.forEach(({ key }, at) => {
    if (keys.size === maxKeys && !keys.has(key)) {
      pieces.push(records.slice(from, at));
      from = at;
      keys.clear();
    }
    keys.add(key);
  });
  pieces.push(from === 0 ? records : records.slice(from));
  return pieces;
}
