/** Exact inner-product search: the oracle beside the approximate index, and the meter of its recall. */

/** What a search found, best first. */
export interface SearchResult {
  /** Row numbers of the vectors found. */
  readonly labels: number[];
  /** Their inner products with the query, descending; equal ones by ascending label. To the bit where found exactly. */
  readonly scores: number[];
}

/** Whether a search may find this label. */
export type Accepts = (label: number) => boolean;

/**
 * Inner product of the query and the vector that begins at `offset`: summed in double precision in the order of the
 * coordinates, then rounded to float32. All that is found exactly has its score from here, so that equal inputs give equal
 * bits on every machine; a graph's own scores differ from them by rounding.
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
  const best = new BestScores(Math.min(k, count));
  for (let label = 0; label < count; label++) best.offer(label, innerProduct(query, vectors, label * dimensions));
  return best.result();
}

/** Orders by descending score, equal scores by ascending label. Nearly sorted input, as a search gives, takes one pass. */
export function sortResult(labels: readonly number[], scores: readonly number[]): SearchResult {
  const sortedLabels = [...labels];
  const sortedScores = [...scores];
  for (let i = 1; i < sortedLabels.length; i++) {
    const [label, score] = [sortedLabels[i]!, sortedScores[i]!];
    let place = i;
    while (place > 0 && isWorse(sortedScores[place - 1]!, sortedLabels[place - 1]!, score, label)) {
      sortedLabels[place] = sortedLabels[place - 1]!;
      sortedScores[place] = sortedScores[place - 1]!;
      place--;
    }
    sortedLabels[place] = label;
    sortedScores[place] = score;
  }
  return { labels: sortedLabels, scores: sortedScores };
}

/** The k best of several results over different vectors. */
export function mergeResults(results: readonly SearchResult[], k: number): SearchResult {
  const [only] = results;
  if (only && results.length === 1) return truncated(only, k);
  const labels: number[] = [];
  const scores: number[] = [];
  const places = results.map(() => 0);
  while (labels.length < k) {
    let best = -1;
    for (let i = 0; i < results.length; i++) {
      if (places[i]! < results[i]!.labels.length && (best < 0 || isBetter(results, places, i, best))) best = i;
    }
    if (best < 0) break;
    const place = places[best]!++;
    labels.push(results[best]!.labels[place]!);
    scores.push(results[best]!.scores[place]!);
  }
  return { labels, scores };
}

function truncated(result: SearchResult, k: number): SearchResult {
  return result.labels.length <= k ? result : { labels: result.labels.slice(0, k), scores: result.scores.slice(0, k) };
}

function isBetter(results: readonly SearchResult[], places: readonly number[], a: number, b: number): boolean {
  const [first, second] = [results[a]!, results[b]!];
  const [i, j] = [places[a]!, places[b]!];
  return isWorse(second.scores[j]!, second.labels[j]!, first.scores[i]!, first.labels[i]!);
}

/**
 * Share of the k best that was found. Found counts by score, so that it makes no difference which of several equal
 * vectors an index returns. 1 when there is nothing to find.
 * @param found with exact scores (`VectorRows.rescored`)
 */
export function recallAtK(found: SearchResult, exact: SearchResult, k: number): number {
  const wanted = Math.min(k, exact.scores.length);
  if (wanted === 0) return 1;
  const threshold = exact.scores[wanted - 1]!;
  let hits = 0;
  for (const score of found.scores.slice(0, wanted)) if (score >= threshold) hits++;
  return hits / wanted;
}

/**
 * The best of what is offered: a binary heap of at most `capacity` entries with the worst on top; of equal scores the
 * larger label is worse.
 */
export class BestScores {
  private readonly labels: number[] = [];
  private readonly scores: number[] = [];

  constructor(private readonly capacity: number) {}

  /** The score that an offer must reach to be kept: -Infinity while there is room. */
  get threshold(): number {
    return this.labels.length < this.capacity ? -Infinity : (this.scores[0] ?? Infinity);
  }

  /** Descending. The heap is spent by it. */
  result(): SearchResult {
    const count = this.labels.length;
    const labels = new Array<number>(count);
    const scores = new Array<number>(count);
    for (let place = count - 1; place >= 0; place--) {
      labels[place] = this.labels[0]!;
      scores[place] = this.scores[0]!;
      const [label, score] = [this.labels.pop()!, this.scores.pop()!];
      if (place > 0) {
        this.labels[0] = label;
        this.scores[0] = score;
        this.sink();
      }
    }
    return { labels, scores };
  }

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
      for (let child = 2 * index + 1; child <= 2 * index + 2; child++) {
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
    const [label, score] = [this.labels[a]!, this.scores[a]!];
    this.labels[a] = this.labels[b]!;
    this.scores[a] = this.scores[b]!;
    this.labels[b] = label;
    this.scores[b] = score;
  }
}

function isWorse(scoreA: number, labelA: number, scoreB: number, labelB: number): boolean {
  return scoreA < scoreB || (scoreA === scoreB && labelA > labelB);
}
