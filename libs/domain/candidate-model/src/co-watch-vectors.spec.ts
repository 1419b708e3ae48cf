import fc from 'fast-check';
import { createRandom } from '@watchnext/learning';
import { coWatchVectors, type WatchedSets } from './co-watch-vectors';
import { orthonormalise } from './tall-matrices';

/** Of each user the rows of what was watched. */
function watchedSets(users: readonly (readonly number[])[]): WatchedSets {
  const starts = [0];
  for (const videos of users) starts.push(starts[starts.length - 1] + videos.length);
  return { starts: Int32Array.from(starts), videos: Int32Array.from(users.flat()) };
}

const vectorsOf = (users: readonly (readonly number[])[], rowCount: number, dimensions: number, seed = 1) =>
  coWatchVectors(watchedSets(users), { rowCount, dimensions, scale: 0.1, random: createRandom(seed) });

const product = (vectors: Float32Array, dimensions: number, a: number, b: number) => {
  let sum = 0;
  for (let d = 0; d < dimensions; d++) sum += vectors[a * dimensions + d] * vectors[b * dimensions + d];
  return sum;
};

/** The matrix itself, [rowCount][rowCount], by its definition. */
function coWatches(users: readonly (readonly number[])[], rowCount: number): number[][] {
  const counts = Array.from({ length: rowCount }, (_, v) => users.filter((videos) => videos.includes(v)).length);
  return Array.from({ length: rowCount }, (_, v) =>
    Array.from({ length: rowCount }, (_, w) =>
      users
        .filter((videos) => videos.includes(v) && videos.includes(w))
        .reduce((sum, videos) => sum + 1 / (videos.length * (counts[v] * counts[w]) ** 0.25), 0),
    ),
  );
}

/** By deflation: the greatest eigenvalue by 3,000 powers, taken off, and again. */
function sumOfGreatest(matrix: readonly (readonly number[])[], count: number): number {
  const rest = matrix.map((row) => [...row]);
  let sum = 0;
  for (let of = 0; of < count; of++) {
    let vector = rest.map((_, i) => Math.sin(i + 1 + of));
    let value = 0;
    for (let step = 0; step < 3_000; step++) {
      const image = rest.map((row) => row.reduce((total, entry, i) => total + entry * vector[i], 0));
      value = Math.hypot(...image);
      vector = image.map((entry) => entry / value);
    }
    rest.forEach((row, i) => row.forEach((_, j) => (row[j] -= value * vector[i] * vector[j])));
    sum += value;
  }
  return sum;
}

/** Trace of M within the span of the columns. */
function explained(matrix: readonly (readonly number[])[], vectors: Float32Array, dimensions: number): number {
  const columns = vectors.slice();
  orthonormalise(columns, dimensions);
  let sum = 0;
  for (let d = 0; d < dimensions; d++)
    matrix.forEach((row, v) =>
      row.forEach((entry, w) => (sum += entry * columns[v * dimensions + d] * columns[w * dimensions + d])),
    );
  return sum;
}

const LOGS = fc
  .integer({ min: 1, max: 8 })
  .chain((videoCount) =>
    fc.tuple(
      fc.constant(videoCount + 1),
      fc.array(fc.uniqueArray(fc.integer({ min: 1, max: videoCount }), { minLength: 1 }), { maxLength: 12 }),
    ),
  );

describe('coWatchVectors', () => {
  it('have the inner products of the co-watch matrix, up to one factor, where there are dimensions enough', async () => {
    await fc.assert(
      fc.asyncProperty(LOGS, async ([rowCount, users]) => {
        const vectors = await vectorsOf(users, rowCount, 8);
        const matrix = coWatches(users, rowCount);
        const trace = matrix.reduce((sum, row, v) => sum + row[v], 0);
        const own = matrix.reduce((sum, _, v) => sum + product(vectors, 8, v, v), 0);
        const factor = trace === 0 ? 0 : own / trace;
        for (let v = 0; v < rowCount; v++)
          for (let w = 0; w < rowCount; w++) expect(product(vectors, 8, v, w)).toBeCloseTo(factor * matrix[v][w], 4);
      }),
    );
  });

  it('are those of the greatest eigenvalues where there are fewer dimensions, however near the next ones are', async () => {
    const random = createRandom(4);
    // A circle of ten videos that all its viewers watched, and a chain of pairs, whose eigenvalues lie close together.
    const circle = Array.from({ length: 12 }, () => Array.from({ length: 10 }, (_, i) => i + 1));
    const pairs = Array.from({ length: 150 }, (_, i) => [11 + i, 11 + ((i + 1 + random.nextInt(3)) % 150)]);
    const users = [...circle, ...pairs];
    const matrix = coWatches(users, 161);
    const vectors = await vectorsOf(users, 161, 12);
    const share = explained(matrix, vectors, 12) / sumOfGreatest(matrix, 12);
    expect(share).toBeGreaterThan(0.99);
    expect(share).toBeLessThan(1.001);
  });

  it('are finite, of the scale asked for, and zero for unknown videos and those that nobody watched', async () => {
    await fc.assert(
      fc.asyncProperty(LOGS, fc.integer({ min: 1, max: 12 }), async ([rowCount, users], dimensions) => {
        const vectors = await vectorsOf(users, rowCount, dimensions);
        expect(vectors.every(Number.isFinite)).toBe(true);
        const squares = vectors.reduce((sum, value) => sum + value * value, 0);
        const size = (rowCount - 1) * dimensions;
        if (users.length > 0) expect(Math.sqrt(squares / size)).toBeCloseTo(0.1, 5);
        for (let v = 0; v < rowCount; v++)
          if (!users.some((videos) => videos.includes(v))) expect(product(vectors, dimensions, v, v)).toBe(0);
      }),
    );
  });

  it('lie side by side for videos of one circle of viewers, where each was watched twice', async () => {
    const random = createRandom(5);
    // Four circles of 40 videos each, of which a viewer watched four.
    const users = Array.from({ length: 80 }, (_, user) => {
      const videos = new Set<number>();
      while (videos.size < 4) videos.add(1 + (user % 4) * 40 + random.nextInt(40));
      return [...videos];
    });
    const vectors = await vectorsOf(users, 161, 8);
    const cosine = (v: number, w: number) =>
      product(vectors, 8, v, w) / Math.sqrt(product(vectors, 8, v, v) * product(vectors, 8, w, w));
    const watched = [...new Set(users.flat())].filter((v) => product(vectors, 8, v, v) > 1e-8);
    const of = (same: boolean) =>
      watched.flatMap((v) =>
        watched
          .filter((w) => w < v && (Math.floor((v - 1) / 40) === Math.floor((w - 1) / 40)) === same)
          .map((w) => cosine(v, w)),
      );
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(of(true))).toBeGreaterThan(0.25);
    expect(Math.abs(mean(of(false)))).toBeLessThan(0.02);
  });

  it('are the same bits for one seed', async () => {
    const users = [[1, 2], [2, 3, 4], [1, 4], [5]];
    expect(await vectorsOf(users, 6, 2)).toEqual(await vectorsOf(users, 6, 2));
    expect(await vectorsOf(users, 6, 2)).not.toEqual(await vectorsOf(users, 6, 2, 2));
  });

  it('are many times the same in the one dimension that there is, and tell how far they are', async () => {
    const shares: number[] = [];
    for (let seed = 1; seed <= 40; seed++) {
      const options = { rowCount: 4, dimensions: 1, scale: 1, random: createRandom(seed) };
      const users = [
        [1, 2],
        [1, 2, 3],
        [1, 2],
      ];
      const vectors = await coWatchVectors(watchedSets(users), {
        ...options,
        onProgress: (share) => shares.push(share),
      });
      expect(vectors[1] / vectors[2]).toBeCloseTo(1, 4);
      expect(shares.at(-1)).toBe(1);
    }
    expect(shares.every((share) => share > 0 && share <= 1)).toBe(true);
    expect(shares.length).toBeGreaterThan(40 * 16);
  });

  it('tell how far they are, up to all of it', async () => {
    const users = Array.from({ length: 60 }, (_, user) => [1 + (user % 20), 1 + ((3 * user + 1) % 20)]);
    const shares: number[] = [];
    const options = { rowCount: 21, dimensions: 4, scale: 1, random: createRandom(1) };
    await coWatchVectors(watchedSets(users), { ...options, onProgress: (share) => shares.push(share) });
    expect(shares.length).toBeGreaterThan(1);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
  });

  it('stop when the signal says so', async () => {
    const users = Array.from({ length: 1_000 }, (_, user) => [1 + (user % 400), 401 + (user % 599)]);
    const abort = new AbortController();
    const reason = new Error('enough');
    const options = { rowCount: 1_001, dimensions: 64, scale: 1, random: createRandom(1), signal: abort.signal };
    const running = coWatchVectors(watchedSets(users), options);
    abort.abort(reason);
    await expect(running).rejects.toBe(reason);
  });
});
