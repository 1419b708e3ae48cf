/**
 * Ranks within the whole catalogue. A sampled catalogue flatters every model by a factor that depends on the model
 * (Krichene and Rendle, KDD 2020), so evaluation scores all videos and counts.
 */

/** Scores that are looked at in one turn of a loop, whose own work is more than that of one. */
const SIDE_BY_SIDE = 4;

/**
 * Place of one video (1 is best) among all videos but the excluded ones.
 *
 * Ties share their places' mean, so that a model that gives everything one score gets the middle, not the top; a NaN
 * score gets Infinity, the place of a video that is never listed.
 *
 * @param scores - [videoCount]
 * @param index - the video asked about
 * @param excluded - videos left out, as seen before; `index` itself always takes part
 */
export function rankInCatalogue(scores: ArrayLike<number>, index: number, excluded: ReadonlySet<number>): number {
  const own = scores[index];
  if (Number.isNaN(own)) return Infinity;
  let { higher, equal } = countAround(scores, own);
  for (const other of excluded) {
    if (other === index || other >= scores.length) continue;
    const score = scores[other];
    if (score > own) higher -= 1;
    else if (score === own) equal -= 1;
  }
  return 1 + higher + (equal - 1) / 2;
}

/**
 * How many scores are above and at `own`. Without branches, for the processor guesses as many of them wrong as there are scores on either
 * side, which took three times as long for a label in the middle; and four at a time, which takes half.
 */
function countAround(scores: ArrayLike<number>, own: number): { higher: number; equal: number } {
  let higher = 0;
  let atLeast = 0;
  const together = scores.length - (scores.length % SIDE_BY_SIDE);
  for (let at = 0; at < together; at += SIDE_BY_SIDE) {
    const a = scores[at];
    const b = scores[at + 1];
    const c = scores[at + 2];
    const d = scores[at + 3];
    higher += Number(a > own) + Number(b > own) + Number(c > own) + Number(d > own);
    atLeast += Number(a >= own) + Number(b >= own) + Number(c >= own) + Number(d >= own);
  }
  for (let at = together; at < scores.length; at += 1) {
    higher += Number(scores[at] > own);
    atLeast += Number(scores[at] >= own);
  }
  return { higher, equal: atLeast - higher };
}

/** Indices of the k largest scores but the excluded ones, best first; ties by index. */
export function topK(scores: ArrayLike<number>, k: number, excluded: ReadonlySet<number>): number[] {
  // A sorted window of k: most videos fail the first comparison, so this is near one pass for k much below the size.
  const best: number[] = [];
  let next = 0;
  for (; next < scores.length && best.length < k; next += 1) {
    if (!Number.isNaN(scores[next]) && !excluded.has(next)) insertSorted(best, next, scores);
  }
  if (best.length < k) return best;
  const firstAbove = (from: number) => indexAbove(scores, scores[best[k - 1]], from);
  for (next = firstAbove(next); next < scores.length; next = firstAbove(next + 1)) {
    if (excluded.has(next)) continue;
    insertSorted(best, next, scores);
    best.pop();
  }
  return best;
}

/** Behind those of the same score. @param best indices by descending score */
function insertSorted(best: number[], index: number, scores: ArrayLike<number>): void {
  let low = 0;
  let high = best.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (scores[best[middle]] >= scores[index]) low = middle + 1;
    else high = middle;
  }
  best.splice(low, 0, index);
}

/** The first index from `from` on of a score above `threshold`; the length where there is none. */
function indexAbove(scores: ArrayLike<number>, threshold: number, from: number): number {
  const { length } = scores;
  let at = from;
  for (; at + SIDE_BY_SIDE <= length; at += SIDE_BY_SIDE) {
    if (
      scores[at] > threshold ||
      scores[at + 1] > threshold ||
      scores[at + 2] > threshold ||
      scores[at + 3] > threshold
    )
      break;
  }
  while (at < length && !(scores[at] > threshold)) at += 1;
  return at;
}
