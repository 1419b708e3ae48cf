/** The compiled kernels one by one beside those in WebAssembly, what they refuse, and how they are made and chosen. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createRandom, createTable, initialiseStack } from '@watchnext/learning';
import type { RankingNetwork } from '@watchnext/ranking-model';
import { Arena } from '../src/kernels/arena';
import { chooseKernels, compile, instantiate, type Kernels, nameOfKernels } from '../src/kernels/load-kernels';
import { bestNative, nativeLevels, NativeKernelsUnavailableError } from '../src/kernels/native-kernels';
import { wasmRankingEngine } from '../src';

const FLOAT = 4;
const LEVELS = nativeLevels().map(({ level }) => level);
/** Sums are added up in another order, and products may be fused with them. */
const TOLERANCE = 2e-5;

interface Matrix {
  readonly address: number;
  readonly stride: number;
}

/** A memory of numbers at random, always the same ones, with the kernels of a level on it; undefined: of WebAssembly. */
class Bench {
  readonly arena = new Arena();
  readonly kernels: Kernels;
  private readonly random = createRandom(3);

  /** @param broken stands among the numbers of matrices */
  constructor(
    level: string | undefined,
    private readonly broken?: number,
  ) {
    const native = nativeLevels().find((one) => one.level === level);
    this.kernels = instantiate({ ...compile(false), ...(native && { native }) }, this.arena.memory);
  }

  floats(count: number, scale = 1): number {
    const address = this.arena.allocate(count * FLOAT);
    const values = this.arena.floats(address, count);
    for (let i = 0; i < count; i++) values[i] = scale * (this.random.next() - 0.5);
    return address;
  }

  integers(values: readonly number[]): number {
    const address = this.arena.allocate(values.length * FLOAT);
    this.arena.integers(address, values.length).set(values);
    return address;
  }

  rows(count: number, below: number): number {
    return this.integers(Array.from({ length: count }, () => this.random.nextInt(below)));
  }

  /** Of an odd stride, so that rows begin anywhere that a number can. */
  matrix(rows: number, columns: number, scale = 1): Matrix {
    const stride = (columns + 13) * FLOAT;
    const address = this.floats((rows * stride) / FLOAT, scale);
    if (this.broken !== undefined)
      this.arena.floats(address, (rows * stride) / FLOAT)[(11 * stride) / FLOAT] = this.broken;
    return { address, stride };
  }

  read({ address, stride }: Matrix, rows: number): Float32Array {
    return this.arena.floats(address, (rows * stride) / FLOAT);
  }
}

type Work = (bench: Bench, size: number) => Float32Array[];

const product =
  (name: 'multiply' | 'multiplyTransposed'): Work =>
  (bench, size) => {
    const [from, to, n, k] = [8, 8 + 8 * (1 + (size % 4)), 8 * size, 4 * (1 + 13 * size)];
    const a = name === 'multiply' ? bench.matrix(to, k) : bench.matrix(k, to);
    const [b, c] = [bench.matrix(k, n), bench.matrix(to, n)];
    bench.kernels[name](
      ...[from, to, n, k, a.address, a.stride, b.address, b.stride, c.address, c.stride, bench.floats(n)],
    );
    return [bench.read(c, to)];
  };

/** Lists of 0 to 6 rows of a table of 40. */
const mean =
  (name: 'meanOfRows' | 'meanOfColumns'): Work =>
  (bench, size) => {
    const width = name === 'meanOfRows' ? 8 * size : size;
    const table = bench.matrix(40, width);
    const starts = Array.from({ length: 30 }, (_, i) => 3 * i + (i % 4));
    const out = bench.matrix(29, width);
    bench.kernels[name](
      ...[table.address, table.stride, width, bench.rows(100, 40), bench.integers(starts), 2, 29],
      ...[out.address, out.stride],
    );
    return [bench.read(out, 29)];
  };

/**
 * Heads over 28 histories of up to 6 watches, of which 4 count; with queries for sizes of 3 and more, with places given for odd
 * ones. 1 to 13 heads.
 */
function headsOf(bench: Bench, size: number) {
  const [width, headCount, entries] = [8 * size, size, 100];
  const blocks = Math.ceil(headCount / 4);
  const table = bench.matrix(40, width);
  const rows = bench.rows(entries, 40);
  const starts = bench.integers(Array.from({ length: 30 }, (_, i) => 3 * i + (i % 4)));
  const positions = bench.matrix(7, 4 * blocks);
  const placeOf = size % 2 === 1 ? bench.rows(entries, 7) : 0;
  const queries = bench.matrix(headCount + 1, width);
  const [weights, logitGradients] = [bench.floats(entries * 4 * blocks), bench.floats(entries * 4 * blocks)];
  const scratch = bench.floats(8 * blocks * width);
  const [out, queryParts] = [bench.matrix(29, headCount * width), bench.matrix(29, headCount * width)];
  const entryGradients = bench.floats(entries * width);
  const lists = [table.address, table.stride, width, rows, starts, 2, 29] as const;
  const asking = [size >= 3 ? queries.address : 0, queries.stride, headCount] as const;
  return {
    heads: [
      ...[...lists, positions.address, positions.stride, 4, placeOf, ...asking],
      ...[weights, scratch, out.address, out.stride],
    ],
    headGradients: [
      ...[...lists, 4, ...asking, weights, logitGradients, scratch, out.address, out.stride],
      ...[entryGradients, queryParts.address, queryParts.stride],
    ],
    made: () => [
      ...[bench.read(out, 29), bench.arena.floats(weights, entries * 4 * blocks)],
      ...[
        bench.arena.floats(logitGradients, entries * 4 * blocks),
        bench.arena.floats(entryGradients, entries * width),
      ],
      bench.read(queryParts, 29),
    ],
  };
}

/** Each kernel at one size: the numbers that it may have changed. */
const WORK: Record<string, Work> = {
  multiply: product('multiply'),
  multiplyTransposed: product('multiplyTransposed'),
  meanOfRows: mean('meanOfRows'),
  meanOfColumns: mean('meanOfColumns'),
  heads(bench, size) {
    const { heads, made } = headsOf(bench, size);
    bench.kernels.heads(...heads);
    return made();
  },
  headGradients(bench, size) {
    const { headGradients, made } = headsOf(bench, size);
    bench.kernels.headGradients(...headGradients);
    return made();
  },
  gatherRows(bench, size) {
    const [table, out] = [bench.matrix(40, 8 * size), bench.matrix(20, 8 * size)];
    bench.kernels.gatherRows(
      ...[table.address, table.stride, 8 * size, bench.rows(20, 40), 3, 20, out.address, out.stride],
    );
    return [bench.read(out, 20)];
  },
  sampledSoftmax(bench, size) {
    const logits = bench.matrix(20, 8 * size, 60);
    const [negatives, labels] = [bench.rows(8 * size, 30), bench.rows(20, 30)];
    const [labelLogits, excesses, partitions] = [bench.floats(20, 60), bench.floats(20), bench.floats(20)];
    bench.kernels.sampledSoftmax(
      ...[logits.address, logits.stride, 8 * size, negatives, 3, 20, labels, labelLogits, excesses, partitions, 0.3],
    );
    const [gradients, excess, partition] = [labelLogits, excesses, partitions].map((at) =>
      bench.arena.floats(at + 3 * FLOAT, 17),
    );
    return [bench.read(logits, 20), gradients, partition, excess.map((x, i) => x + Math.log(partition[i]))];
  },
  selectEntries(bench, size) {
    const count = 100 * size;
    const keys = bench.floats(2 * count);
    const kept = bench.kernels.selectEntries(bench.rows(count, 50), count, 5, 8, keys);
    return [Float32Array.of(kept), Float32Array.from(bench.arena.integers(keys, 2 * kept))];
  },
  adagrad(bench, size) {
    const [width, dimensions, count] = [8 * size, 8 * size - 3, 90];
    const gradients = bench.matrix(16, width);
    const places = Array.from({ length: count }, (_, i) => gradients.address + (i % 16) * gradients.stride);
    const table = bench.matrix(50, width);
    const accumulators = bench.integers(Array.from({ length: 50 }, () => 0));
    bench.arena.floats(accumulators, 50).fill(0.1);
    const keys = bench.floats(2 * count);
    const other = bench.floats(2 * count);
    const kept = bench.kernels.selectEntries(bench.rows(count, 50), count, 0, 1, keys);
    const sorted = bench.kernels.sortKeys(keys, other, kept, bench.floats(2 ** 11), 50);
    bench.kernels.adagrad(
      ...[sorted, kept, bench.integers(places), bench.floats(count), table.address, table.stride, width, dimensions],
      ...[accumulators, 0.05, 0.01, 1e-10, bench.floats(width + 1)],
    );
    return [bench.read(table, 50), bench.arena.floats(accumulators, 50)];
  },
  adam(bench, size) {
    const count = 4 * (3 * size + 1);
    const [values, gradients, first, second] = [1, 1, 1, 1].map((scale) => bench.floats(count, scale));
    bench.arena.floats(second, count).forEach((x, i, all) => (all[i] = Math.abs(x)));
    bench.kernels.adam(values, gradients, first, second, count, 0.9, 0.999, 1e-8, 0.01, 3);
    return [values, first, second].map((at) => bench.arena.floats(at, count));
  },
};

const largestOf = (array: Float32Array) => array.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
const kindsOf = (array: Float32Array) => Array.from(array, (x) => (Number.isFinite(x) ? 0 : x));

interface Refused {
  /** Parameters that it takes. */
  readonly taken: number[];
  /** Which of them, one at a time, may not be `size` - so many bytes, and what else some may not be. */
  readonly tooFar: Record<number, number>;
  readonly others?: readonly (readonly [place: number, value: number])[];
}

/** @param matrix 60 × 60, as `out`, which may have been begun when an index is found to lie outside @param list the numbers from 0 to 59 */
const REFUSED: Record<string, (matrix: Matrix, list: number, out: Matrix) => Refused> = {
  multiply: ({ address: at, stride }) => ({
    taken: [0, 8, 8, 4, at, stride, at, stride, at, stride, at],
    tooFar: { 4: 64, 6: 64, 8: 64, 10: 28 },
    others: [
      [2, 12],
      [1, 6],
      [0, -8],
      [9, 2 ** 32 - 1],
      [3, -4],
      [3, 2 ** 31 - 1],
    ],
  }),
  multiplyTransposed: ({ address: at, stride }) => ({
    taken: [0, 8, 8, 4, at, stride, at, stride, at, stride, at],
    tooFar: { 4: 64, 6: 64, 8: 64, 10: 28 },
    others: [
      [2, 12],
      [1, 6],
      [3, 2 ** 31 - 1],
    ],
  }),
  gatherRows: ({ address: at, stride }, list) => ({
    taken: [at, stride, 8, list, 0, 60, at, stride],
    tooFar: { 0: 256, 3: 236, 6: 256 },
    others: [[1, 2 ** 31]],
  }),
  meanOfRows: ({ address: at, stride }, list, { address: out }) => ({
    taken: [at, stride, 8, list, list, 0, 59, out, stride],
    tooFar: { 0: 256, 3: 232, 4: 236, 7: 256 },
    others: [
      [2, 12],
      [4, at],
    ],
  }),
  meanOfColumns: ({ address: at, stride }, list, { address: out }) => ({
    taken: [at, stride, 3, list, list, 0, 59, out, stride],
    tooFar: { 0: 256, 3: 232, 4: 236, 7: 256 },
  }),
  heads: ({ address: at, stride }, list, { address: out }) => ({
    taken: [at, stride, 8, list, list, 0, 59, at, stride, 4, 0, at, stride, 1, out, out, out, stride],
    tooFar: { 0: 256, 3: 232, 4: 236, 7: 64, 10: 232, 11: 64, 14: 900, 15: 224, 16: 256 },
    others: [
      [10, at],
      [13, -1],
    ],
  }),
  headGradients: ({ address: at, stride }, list, { address: out }) => ({
    taken: [at, stride, 8, list, list, 0, 59, 4, at, stride, 1, at, out, out, at, stride, out, out, stride],
    tooFar: { 0: 256, 3: 232, 4: 236, 8: 64, 11: 900, 12: 900, 13: 224, 14: 256, 16: 1_800, 17: 256 },
  }),
  sampledSoftmax: ({ address: at, stride }, list) => ({
    taken: [at, stride, 8, list, 0, 8, list, at, at, at, 1],
    tooFar: { 0: 64, 3: 28, 6: 28, 7: 28, 8: 28, 9: 28 },
    others: [[2, 12]],
  }),
  selectEntries: ({ address: at }, list) => ({
    taken: [list, 60, 0, 1, at],
    tooFar: { 0: 236, 4: 472 },
    others: [[1, -1]],
  }),
  adagrad: ({ address: at, stride }, list) => ({
    // Of the list as keys: an even number is an entry, the odd one after it its row. As addresses its numbers are low ones.
    taken: [list, 30, list, at, at, stride, 8, 8, at, 0.1, 0, 1e-10, at],
    tooFar: { 0: 232, 2: 232, 3: 232, 4: 64, 8: 228, 12: 28 },
    others: [
      [7, 9],
      [2, at],
      [1, -1],
    ],
  }),
  adam: ({ address: at }) => ({
    taken: [at, at, at, at, 8, 0.9, 0.999, 1e-8, 0.01, 3],
    tooFar: { 0: 28, 1: 28, 2: 28, 3: 28 },
    others: [[4, -8]],
  }),
};

describe.each(LEVELS)('the kernels compiled for %s', (level) => {
  it.each(Object.keys(WORK))('%s makes what it makes in WebAssembly', (name) => {
    for (const size of [1, 2, 3, 5, 8, 11, 13]) {
      const [ours, theirs] = [level, undefined].map((which) => WORK[name](new Bench(which), size));
      expect(ours.map(({ length }) => length)).toEqual(theirs.map(({ length }) => length));
      ours.forEach((array, i) => {
        const worst = largestOf(array.map((x, j) => x - theirs[i][j]));
        expect(worst).toBeLessThanOrEqual(TOLERANCE * Math.max(1, largestOf(theirs[i])));
      });
    }
  });

  const READING = [
    'multiply',
    'multiplyTransposed',
    'meanOfRows',
    'meanOfColumns',
    'gatherRows',
    'heads',
    'sampledSoftmax',
  ];
  it.each(READING.flatMap((name) => [NaN, Infinity, -Infinity].map((broken) => [name, broken] as const)))(
    '%s passes on %p as it does in WebAssembly',
    (name, broken) => {
      const [ours, theirs] = [level, undefined].map((which) => WORK[name](new Bench(which, broken), 5));
      expect(ours.map(kindsOf)).toEqual(theirs.map(kindsOf));
    },
  );

  it('a gradient of NaN shows in its row and in the accumulator', () => {
    const [ours, theirs] = [level, undefined].map((which) => WORK.adagrad(new Bench(which, NaN), 5));
    expect(ours.map(kindsOf)).toEqual(theirs.map(kindsOf));
    expect(ours.every((array) => array.some(Number.isNaN))).toBe(true);
  });

  it.each(Object.keys(REFUSED))(
    '%s refuses what lies outside the memory, and changes nothing that it reads',
    (name) => {
      const fresh = () => {
        const bench = new Bench(level);
        const list = bench.integers(Array.from({ length: 60 }, (_, i) => i));
        const kernel = bench.kernels[name as keyof Kernels];
        const [matrix, out] = [bench.matrix(60, 60), bench.matrix(60, 60)];
        return { kernel, memory: bench.arena.memory, out: out.address, ...REFUSED[name](matrix, list, out) };
      };
      const whole = fresh();
      whole.kernel(...whole.taken);
      const { kernel, memory, out, taken, tooFar, others = [] } = fresh();
      const before = new Uint8Array(memory.buffer).slice();
      const changes = Object.entries(tooFar).map(([place, bytes]) => [Number(place), before.length - bytes] as const);
      for (const [place, value] of [...changes, ...others]) {
        const parameters = taken.map((x, i) => (i === place ? value : x));
        expect(() => kernel(...parameters)).toThrow('lies outside the memory');
      }
      expect(Buffer.compare(before.subarray(0, out), new Uint8Array(memory.buffer, 0, out))).toBe(0);
    },
  );

  it('reach memory that was added after them, and addresses of 2 GiB and more as negative numbers', () => {
    const { arena, kernels } = new Bench(level);
    arena.allocate(2 ** 31);
    const [rows, table, out] = [16, 64, 64].map((bytes) => arena.allocate(bytes));
    expect(rows).toBeGreaterThan(2 ** 31);
    arena.floats(table, 8).fill(7);
    kernels.gatherRows(table | 0, 32, 8, rows | 0, 0, 1, out | 0, 32);
    expect(arena.floats(out, 8)).toEqual(new Float32Array(8).fill(7));
  });

  it('want all of their parameters', () => {
    expect(() => new Bench(level).kernels.adam(64, 64)).toThrow('too few parameters');
  });
});

describe('the compiled kernels', () => {
  const build = (folder: string, env: Record<string, string> = {}) =>
    promisify(execFile)(process.execPath, [join(__dirname, '..', 'native', 'build.js'), folder], {
      env: { ...process.env, ...env },
    });
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'watchnext-native-'))));
  afterEach(() => rm(folder, { recursive: true }));

  it('compile without a warning, and once', async () => {
    expect((await build(folder)).stderr).toMatch(/^compiled by .*\n$/);
    expect(JSON.parse(await readFile(join(folder, 'kernels.json'), 'utf8')).warnings).toBe('');
    expect(nativeLevels(folder).map(({ level }) => level)).toEqual(LEVELS);
    expect((await build(folder)).stderr).toBe('');
  });

  it('are done without where nothing compiles them, and it is said why', async () => {
    const { stderr } = await build(folder, { CXX: 'no-such-compiler' });
    expect(stderr).toBe(
      'not compiled, so training will use WebAssembly: there is no C++ compiler (no-such-compiler)\n',
    );
    const kernels = chooseKernels('auto', folder);
    expect(nameOfKernels(kernels)).toMatch(/^wasm/);
    expect(kernels.withoutNative).toContain('there is no C++ compiler');
    expect(() => chooseKernels('native', folder)).toThrow(NativeKernelsUnavailableError);
    const engine = await wasmRankingEngine({ threads: 2, kernels })(smallNetwork());
    await engine.dispose();
  });

  it('are done without where the compiler fails', async () => {
    await build(folder);
    const { stderr } = await build(folder, { CXX: 'false' });
    expect(stderr).toContain('not compiled');
    expect(() => bestNative(folder)).toThrow(NativeKernelsUnavailableError);
  });

  it('are refused where the file is something else', async () => {
    await writeFile(join(folder, 'kernels.node'), 'not a library');
    expect(chooseKernels('auto', folder).withoutNative).toContain('kernels.node');
  });
});

function smallNetwork(): RankingNetwork {
  const random = createRandom(1);
  return {
    inputSize: 6,
    batchSize: 8,
    tables: [createTable(20, 4, random, 0.1)],
    inputs: [{ table: 0, from: 1 }],
    tower: initialiseStack([6, 5, 2], random),
    learningRate: 0.01,
    tableLearningRate: 0.05,
    tableDecay: 0,
    gradientClip: 0,
  };
}
