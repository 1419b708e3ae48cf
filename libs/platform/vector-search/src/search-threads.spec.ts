import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildIndex, exactSearch, innerProduct, recallAtK } from '@watchnext/ann-index';
import { createRandom } from '@watchnext/learning';
import { Thread } from '@watchnext/threads';
import { BuildThreads } from './build-threads';
import { SearchOverloadedError, SearchThreads } from './search-threads';

const DIMENSIONS = 16;
const COUNT = 4_000;
const UNRESTRICTED = { excluded: new Int32Array(0), blockedChannels: [], forbiddenRules: new Uint8Array(0) };

function gaussianVectors(count: number, seed: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: count * DIMENSIONS }, () => random.gaussian());
}

const vectors = gaussianVectors(COUNT, 1);
const queryOf = (seed: number) => gaussianVectors(1, seed);
const buildOptions = {
  vectors,
  count: COUNT,
  dimensions: DIMENSIONS,
  sampleQueries: gaussianVectors(20, 2),
  sampleCount: 20,
  m: 8,
  efConstruction: 60,
  efSearch: 200,
  spaces: ['augmented-l2'] as const,
};

describe('threads', () => {
  let folder: string;
  let build: BuildThreads;
  let search: SearchThreads;
  const lost: Error[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'watchnext-vector-search-'));
    build = new BuildThreads(2);
    search = new SearchThreads({ threadCount: 2, queueLimit: 8, onLost: (error) => lost.push(error) });
  });
  afterAll(async () => {
    await build.close();
    await search.close();
    await rm(folder, { recursive: true });
  });

  async function builtInto(name: string, shardCount: number) {
    const built = await buildIndex({ ...buildOptions, shardCount }, build);
    const paths = Array.from({ length: shardCount }, (_, shard) => join(folder, `${name}-${shard}`));
    await built.save(paths);
    await built.release();
    return { parameters: built.parameters, paths };
  }
  const open = async (shardCount: number, addCapacity = 0) =>
    search.open({ vectors, dimensions: DIMENSIONS, index: await builtInto(`s${shardCount}`, shardCount), addCapacity });

  it('build the graphs that one thread builds', async () => {
    const { parameters } = await builtInto('threads', 1);
    const here = await buildIndex(buildOptions);
    expect(parameters).toEqual(here.parameters);
  });

  it.each([1, 2, 3])('find the nearest in an index of %d shards', async (shardCount) => {
    const index = await open(shardCount);
    let recall = 0;
    const wanted = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const query = queryOf(10 + i);
        const { found } = await index.compare(query, 20);
        recall += recallAtK(found, exactSearch(vectors, DIMENSIONS, query, 20), 20) / 8;
        return index.nearest({ query, k: 20, ...UNRESTRICTED });
      }),
    );
    expect(recall).toBeGreaterThan(0.8);
    wanted.forEach(({ labels }) => expect(new Set(labels).size).toBe(20));
    await index.close();
    await expect(index.nearest({ query: queryOf(1), k: 1, ...UNRESTRICTED })).rejects.toThrow('is not loaded');
  });

  it.each([0, 1, 2, 3])('find the best of several queries as one in an index of %d shards', async (shardCount) => {
    const index =
      shardCount === 0
        ? await search.open({ vectors, dimensions: DIMENSIONS, addCapacity: 0 })
        : await open(shardCount);
    const queries = gaussianVectors(3, 40);
    const scores = Array.from({ length: COUNT }, (_, label) =>
      Math.max(
        ...[0, 1, 2].map((i) =>
          innerProduct(queries.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS), vectors, label * DIMENSIONS),
        ),
      ),
    );
    const excluded = Int32Array.of(7, 9);
    const best = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
    const wanted = best.filter((label) => !excluded.includes(label)).slice(0, 50);
    const { labels, scores: found, method } = await index.nearest({ query: queries, k: 50, ...UNRESTRICTED, excluded });
    expect(new Set(labels).size).toBe(50);
    expect(method).toBe(shardCount === 0 ? 'exact' : 'graph');
    labels.forEach((label, i) => expect(found[i]).toBeCloseTo(scores[label]!, 4));
    if (shardCount === 0) expect(labels).toEqual(wanted);
    expect(labels.filter((label) => wanted.includes(label)).length).toBeGreaterThan(40);
    const compared = await index.compare(queries, 50);
    expect(compared.exact).toEqual({
      labels: best.slice(0, 50),
      scores: best.slice(0, 50).map((label) => scores[label]),
    });
    expect(recallAtK(compared.found, compared.exact, 50)).toBeGreaterThan(0.8);
    await index.close();
  });

  it('find the nearest also where one shard holds them all', async () => {
    const uneven = Float32Array.from(vectors, (value, i) =>
      Math.floor(i / DIMENSIONS) % 2 === 0 ? value : value / 1_000,
    );
    const built = await buildIndex({ ...buildOptions, vectors: uneven, shardCount: 2 }, build);
    const paths = [0, 1].map((shard) => join(folder, `uneven-${shard}`));
    await built.save(paths);
    await built.release();
    const index = await search.open({
      vectors: uneven,
      dimensions: DIMENSIONS,
      index: { parameters: built.parameters, paths },
      addCapacity: 0,
    });
    const query = queryOf(7);
    const exact = exactSearch(uneven, DIMENSIONS, query, 100);
    expect(exact.labels.every((label) => label % 2 === 0)).toBe(true);
    const { labels, method } = await index.nearest({ query, k: 100, ...UNRESTRICTED });
    expect(method).toBe('graph');
    const wanted = new Set(exact.labels);
    expect(labels.filter((label) => wanted.has(label)).length).toBeGreaterThan(90);
    const { found } = await index.compare(query, 100);
    expect(recallAtK(found, exact, 100)).toBeGreaterThan(0.9);
    await index.close();
  });

  it('give the memory of an index back when it is closed, not when a collector comes by', async () => {
    const dimensions = 64;
    const count = 20_000;
    const random = createRandom(9);
    const many = new Float32Array(new SharedArrayBuffer(4 * count * dimensions)).map(() => random.gaussian());
    const parameters = {
      space: 'augmented-l2',
      dimensions,
      m: 8,
      efConstruction: 10,
      efSearch: 10,
      radius: 30,
      recallAt100: 0,
      shardCount: 1,
    };
    const paths = [join(folder, 'many')];
    const graphs = await build.build(many, parameters, [], () => undefined);
    await graphs.save(paths);
    await graphs.release();
    const openAndClose = async () => {
      const index = await search.open({ vectors: many, dimensions, index: { parameters, paths }, addCapacity: 0 });
      await index.nearest({ query: many.subarray(0, dimensions), k: 5, ...UNRESTRICTED });
      await index.close();
    };
    for (let warmUp = 0; warmUp < 3; warmUp++) await openAndClose();
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 12; round++) await openAndClose();
    // Two threads hold some 8 MiB of graph each: 190 MiB over 12 rounds, were nothing given back.
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(95);
  });

  it('leave the event loop alone while they search', async () => {
    const index = await search.open({ vectors, dimensions: DIMENSIONS, addCapacity: 0 });
    const { found, exact } = await index.compare(queryOf(3), 20);
    expect(found).toEqual(exact);
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await Promise.all(Array.from({ length: 6 }, () => index.nearest({ query: queryOf(3), k: 2_000, ...UNRESTRICTED })));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
    await index.close();
  });

  it('refuse more requests than may wait', async () => {
    const index = await search.open({ vectors, dimensions: DIMENSIONS, addCapacity: 0 });
    const results = await Promise.allSettled(
      Array.from({ length: 30 }, () => index.nearest({ query: queryOf(3), k: 100, ...UNRESTRICTED })),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    // Two threads, eight requests each.
    expect(refused).toHaveLength(14);
    expect(refused[0]!.reason).toBeInstanceOf(SearchOverloadedError);
    await index.close();
  });

  it('keep room for searches to come, of all indexes, and refuse before they are made', async () => {
    const indexes = [];
    for (let i = 0; i < 2; i++) indexes.push(await search.open({ vectors, dimensions: DIMENSIONS, addCapacity: 0 }));
    const [first, second] = indexes as [(typeof indexes)[0], (typeof indexes)[0]];
    const query = { query: queryOf(3), k: 100, ...UNRESTRICTED };
    // Two threads, eight requests each: ten wait, six may come.
    const requests = Array.from({ length: 10 }, () => first.nearest(query));
    const places = Array.from({ length: 6 }, (_, i) => (i % 2 ? first : second).reserve());
    for (const index of [first, second]) expect(() => index.reserve()).toThrow(SearchOverloadedError);
    places.pop()!();
    requests.push(second.nearest(query));
    expect(() => first.reserve()).toThrow(SearchOverloadedError);
    await Promise.all(requests);
    places.push(first.reserve());
    for (const leave of places) leave();
    await Promise.all([first.close(), second.close()]);
  });

  it('let one that has time wait behind all of them', async () => {
    const index = await search.open({ vectors, dimensions: DIMENSIONS, addCapacity: 0 });
    const query = { query: queryOf(3), k: 100, ...UNRESTRICTED };
    const requests = Array.from({ length: 16 }, () => index.nearest(query));
    const patient = index.nearest(query, { isPatient: true });
    await expect(index.nearest(query)).rejects.toBeInstanceOf(SearchOverloadedError);
    expect(await patient).toEqual(await requests[0]);
    await Promise.all(requests);
    await index.close();
  });

  it('do not search for a caller that has gone', async () => {
    const index = await search.open({ vectors, dimensions: DIMENSIONS, addCapacity: 0 });
    const call = jest.spyOn(Thread.prototype, 'call');
    const gone = new AbortController();
    const reason = new Error('the caller hung up');
    const ask = (signal?: AbortSignal) =>
      index.nearest({ query: queryOf(3), k: 100, ...UNRESTRICTED }, signal && { signal });
    const left = Array.from({ length: 12 }, () => ask(gone.signal));
    const stays = ask();
    gone.abort(reason);
    const outcomes = await Promise.allSettled(left);
    // Two of each of the two threads were on their way.
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...Array<string>(4).fill('fulfilled'),
      ...Array<string>(8).fill('rejected'),
    ]);
    expect(outcomes.at(-1)).toMatchObject({ reason });
    expect((await stays).labels).toHaveLength(100);
    expect(call.mock.calls.filter(([name]) => name === 'search')).toHaveLength(5);
    expect(search.pending).toBe(0);
    call.mockRestore();
    await index.close();
  });

  it.each([1, 2])(
    'find a vector that was added a moment ago, and not one that was withdrawn (%d shards)',
    async (shardCount) => {
      const index = await open(shardCount, 3);
      const query = queryOf(4);
      const longest = Float32Array.from(query, (value) => value * 3);
      const { label, findable } = index.add(longest, { channel: 7, rule: 0 })!;
      await findable;
      expect(label).toBe(COUNT);
      expect(index.clippedCount).toBe(1);
      const nearest = async (more = {}) => (await index.nearest({ query, k: 5, ...UNRESTRICTED, ...more })).labels;
      expect((await nearest())[0]).toBe(COUNT);
      expect(await nearest({ blockedChannels: [7] })).not.toContain(COUNT);
      index.setWithdrawn(COUNT, true);
      const without = await nearest();
      expect(without).toHaveLength(5);
      expect(without).not.toContain(COUNT);
      index.setWithdrawn(COUNT, false);
      expect((await nearest())[0]).toBe(COUNT);
      await index.close();
    },
  );

  it('answer searches amid a burst of added vectors, in every snapshot', async () => {
    const burst = 500;
    const indexes = [await open(1, burst), await open(1, burst)];
    let inserted = 0;
    const findable = Array.from({ length: burst }, (_, i) =>
      indexes.map(async (index) => {
        await index.add(queryOf(100 + i), { channel: 0, rule: 0 })!.findable;
        inserted++;
      }),
    ).flat();
    expect(search.pending).toBe(0);
    await Promise.all(indexes.map((index) => index.nearest({ query: queryOf(4), k: 5, ...UNRESTRICTED })));
    expect(inserted).toBeLessThan(burst);
    await Promise.all(findable);
    for (const index of indexes) {
      expect(index.count).toBe(COUNT + burst);
      const { found, exact } = await index.compare(queryOf(100 + burst - 1), 5);
      expect(recallAtK(found, exact, 5)).toBeGreaterThan(0.5);
      await index.close();
    }
  });

  it('refuse vectors that are not finite, and those there is no room for', async () => {
    const index = await open(1, 1);
    expect(() => index.add(new Float32Array(DIMENSIONS).fill(NaN), { channel: 0, rule: 0 })).toThrow('cannot be added');
    expect(index.count).toBe(COUNT);
    expect(index.add(queryOf(5), { channel: 0, rule: 0 })?.label).toBe(COUNT);
    expect(index.add(queryOf(6), { channel: 0, rule: 0 })).toBeUndefined();
    await index.close();
  });

  it('fail by what failed in one shard, and end when the other has written its own', async () => {
    const threads = new BuildThreads(2);
    const parameters = {
      space: 'inner-product',
      dimensions: DIMENSIONS,
      m: 16,
      efConstruction: 10,
      efSearch: 10,
      radius: 0,
      recallAt100: 0,
      shardCount: 2,
    };
    const graphs = await threads.build(gaussianVectors(16_000, 6), parameters, [], () => undefined);
    const [first, second] = ['first', 'second'].map((name) => join(folder, name)) as [string, string];
    await expect(graphs.save([first, join(folder, 'nowhere', 'shard')])).rejects.toThrow('nowhere');
    // A thread that is ended while hnswlib writes aborts the process. The write may be over before, on a fast disk.
    const saved = graphs.save([first, second]).catch(({ message }: Error) => message);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await threads.close();
    expect([undefined, 'the thread is closed']).toContain(await saved);
  });

  it('do not open what is damaged, and answer on', async () => {
    const { parameters } = await builtInto('sound', 1);
    const missing = { parameters, paths: [join(folder, 'nowhere')] };
    await expect(search.open({ vectors, dimensions: DIMENSIONS, index: missing, addCapacity: 0 })).rejects.toThrow(
      'cannot be read',
    );
    const index = await open(1);
    await expect(index.nearest({ query: new Float32Array(3), k: 1, ...UNRESTRICTED })).rejects.toThrow(RangeError);
    expect((await index.nearest({ query: queryOf(1), k: 1, ...UNRESTRICTED })).labels).toHaveLength(1);
    await index.close();
    expect(lost).toEqual([]);
  });
});
