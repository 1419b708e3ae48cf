import { hash53 } from '@watchnext/features';

/**
 * A point in [0, 1), a pure function of its texts: the same in every process, on every machine, in every version.
 * Each text goes in with its length, so that no two lists of texts run together.
 */
export function hashPoint(...texts: readonly string[]): number {
  return hash53(texts.map((text) => `${text.length}:${text}`).join('')) / 2 ** 53;
}
