/** Exact inner-product search: the oracle beside the approximate index, and the meter of its recall. */

/** What a search found, best first. */
export interface SearchResult {
  /** Row numbers of the vectors found. */
  readonly labels: number[];
  /** Their inner products with the query, descending; equal ones by ascending label. */
  readonly scores: number[];
}

/**
 * Inner product of the query and the vector that begins at `offset`: summed in double precision in the order of the
 * coordinates, then rounded to float32. Every score of this library is computed here, so that equal inputs give equal
 * bits whichever way the vector was found.
 */
export function innerProduct(query: Float32Array, vectors: Float32Array, offset: number): number {
  let sum = 0;
  for (let i = 0; i < query.length; i++) sum += query[i]! * vectors[offset + i]!;
  return Math.fround(sum);
}

/**
 * The k vectors of largest inner product, all of them if there are fewer. One pass with a bounded heap: O(n log k).
 * @param vectors [count, dimensions]
 * @param query [dimensions]
 * @throws RangeError if the shapes do not fit, or `k` is not a whole number of at least 0.
 */
export function exactSearch(vectors: Float32Array, dimensions: number, query: Float32Array, k: number): SearchResult {
  if (!Number.isInteger(k) || k < 0) throw new RangeError(`k must be a whole number of at least 0, not ${k}`);
  if (query.length !== dimensions || vectors.length % dimensions !== 0) {
    throw new RangeError(
      `a query of ${query.length} and ${vectors.length} vector values do not fit ${dimensions} dimensions`,
    );
  }
  const count = vectors.length / dimensions;
  const best = new WorstOnTop(Math.min(k, count));
  for (let label = 0; label < count; label++) best.offer(label, innerProduct(query, vectors, label * dimensions));
  return sortResult(best.labels, best.scores);
}

/** Orders by descending score, equal scores by ascending label. */
export function sortResult(labels: readonly number[], scores: readonly number[]): SearchResult {
  const order = labels.map((_, i) => i);
  order.sort((a, b) => scores[b]! - scores[a]! || labels[a]! - labels[b]!);
  return { labels: order.map((i) => labels[i]!), scores: order.map((i) => scores[i]!) };
}

/**
 * Share of the k best that was found. Found counts by score, so that it makes no difference which of several equal
 * vectors an index returns. 1 when there is nothing to find.
 */
export function recallAtK(found: SearchResult, exact: SearchResult, k: number): number {
  const wanted = Math.min(k, exact.scores.length);
  if (wanted === 0) return 1;
  const threshold = exact.scores[wanted - 1]!;
  let hits = 0;
  for (const score of found.scores.slice(0, wanted)) if (score >= threshold) hits++;
  return hits / wanted;
}

/** Binary heap of at most `capacity` entries with the worst on top; of equal scores the larger label is worse. */
class WorstOnTop {
  readonly labels: number[] = [];
  readonly scores: number[] = [];

  constructor(private readonly capacity: number) {}

  offer(label: number, score: number): void {
    if (this.labels.length < this.capacity) {
      this.labels.push(label);
      this.scores.push(score);
      this.rise(this.labels.length - 1);
    } else if (this.capacity > 0 && isWorse(this.scores[0]!, this.labels[0]!, score, label)) {
      this.labels[0] = label;
      this.scores[0] = score;
      this.sink();
    }
  }

  private rise(index: number): void {
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.worse(index, parent)) return;
      this.swap(index, parent);
      index = parent;
    }
  }

  private sink(): void {
    let index = 0;
    for (;;) {
      let worst = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < this.labels.length && this.worse(child, worst)) worst = child;
      }
      if (worst === index) return;
      this.swap(index, worst);
      index = worst;
    }
  }

  private worse(a: number, b: number): boolean {
    return isWorse(this.scores[a]!, this.labels[a]!, this.scores[b]!, this.labels[b]!);
  }

  private swap(a: number, b: number): void {
    [this.labels[a], this.labels[b]] = [this.labels[b]!, this.labels[a]!];
    [this.scores[a], this.scores[b]] = [this.scores[b]!, this.scores[a]!];
  }
}

function isWorse(scoreA: number, labelA: number, scoreB: number, labelB: number): boolean {
  return scoreA < scoreB || (scoreA === scoreB && labelA > labelB);
}
