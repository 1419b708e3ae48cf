/**
 * Ranks within the whole catalogue. A sampled catalogue flatters every model by a factor that depends on the model
 * (Krichene and Rendle, KDD 2020), so evaluation scores all videos and counts.
 */

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
  let higher = 0;
  let equal = 0;
  for (let other = 0; other < scores.length; other += 1) {
    const score = scores[other];
    if (score > own) higher += 1;
    else if (score === own) equal += 1;
  }
  for (const other of excluded) {
    if (other === index || other >= scores.length) continue;
    const score = scores[other];
    if (score > own) higher -= 1;
    else if (score === own) equal -= 1;
  }
  return 1 + higher + (equal - 1) / 2;
}

/** Indices of the k largest scores but the excluded ones, best first; ties by index. */
export function topK(scores: ArrayLike<number>, k: number, excluded: ReadonlySet<number>): number[] {
  // A sorted window of k: most videos fail the first comparison, so this is near one pass for k much below the size.
  const best: number[] = [];
  let threshold = -Infinity;
  for (let index = 0; index < scores.length; index += 1) {
    const score = scores[index];
    if ((best.length === k && !(score > threshold)) || Number.isNaN(score) || excluded.has(index)) continue;
    let low = 0;
    let high = best.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (scores[best[middle]] >= score) low = middle + 1;
      else high = middle;
    }
    best.splice(low, 0, index);
    if (best.length > k) best.pop();
    if (best.length === k) threshold = scores[best[k - 1]];
  }
  return best;
}
