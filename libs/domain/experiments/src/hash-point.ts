import { hash53 } from '@watchnext/features';

/**
 * A point in [0, 1), a pure function of its texts: the same in every process, on every machine, in every version.
 * Each text goes in with its length, so that no two lists of texts run together.
 */
export function hashPoint(...texts: readonly string[]): number {
  let joined = '';
  for (const text of texts) joined += `${text.length}:${text}`;
  return hash53(joined) / 2 ** 53;
}
