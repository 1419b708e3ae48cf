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

/** Each kernel at one size: the numbers that it may have changed. */
const WORK: Record<string, Work> = {
  multiply: product('multiply'),
  multiplyTransposed: product('multiplyTransposed'),
  meanOfRows: mean('meanOfRows'),
  meanOfColumns: mean('meanOfColumns'),
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
    const [gradients, excess, partition] = [labelLogits, excesses, partitions].map((at) => bench.arena.floats(at + 3 * FLOAT, 17));
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

/** Calls of each kernel that reach beyond a memory of `size` bytes, by one of their addresses each, or cannot be meant. */
const REFUSED: Record<string, (matrix: Matrix, list: number, size: number) => number[][]> = {
  multiply: ({ address: at, stride }, _list, size) => [
    [0, 8, 8, 4, size - 64, stride, at, stride, at, stride, at],
    [0, 8, 8, 4, at, stride, size - 64, stride, at, stride, at],
    [0, 8, 8, 4, at, stride, at, stride, size - 64, stride, at],
    [0, 8, 8, 4, at, stride, at, stride, at, stride, size - 16],
    [0, 8, 12, 4, at, stride, at, stride, at, stride, at],
    [0, 6, 8, 4, at, stride, at, stride, at, stride, at],
    [-8, 8, 8, 4, at, stride, at, stride, at, stride, at],
    [0, 8, 8, 4, at, stride, at, stride, at, 2 ** 32 - 1, at],
  ],
  multiplyTransposed: ({ address: at, stride }, _list, size) => [
    [0, 8, 8, 4, size - 64, stride, at, stride, at, stride, at],
    [0, 8, 8, 4, at, stride, at, stride, size - 64, stride, at],
    [0, 8, 8, 2 ** 31 - 1, at, stride, at, stride, at, stride, at],
  ],
  gatherRows: ({ address: at, stride }, list, size) => [
    [at, stride, 8, size - 4, 0, 2, at, stride],
    [at, stride, 8, list, 0, 2, size - 32, stride],
    [size - 256, stride, 8, list, 0, 60, at, stride],
  ],
  meanOfRows: ({ address: at, stride }, list, size) => [
    [at, stride, 8, list, size - 4, 0, 1, at, stride],
    [at, stride, 8, list, at, 0, 2, at, stride],
    [at, stride, 8, list, list, 0, 2, size - 32, stride],
    [size - 256, stride, 8, list, list, 0, 58, at, stride],
  ],
  meanOfColumns: ({ address: at, stride }, list, size) => [
    [at, stride, 3, list, size - 4, 0, 1, at, stride],
    [at, stride, 3, list, list, 0, 2, size - 8, stride],
  ],
  sampledSoftmax: ({ address: at, stride }, list, size) => [
    [size - 64, stride, 8, list, 0, 8, list, at, at, at, 1],
    [at, stride, 8, size - 16, 0, 8, list, at, at, at, 1],
    [at, stride, 8, list, 0, 8, size - 16, at, at, at, 1],
    [at, stride, 8, list, 0, 8, list, size - 16, at, at, 1],
    [at, stride, 8, list, 0, 8, list, at, at, size - 16, 1],
    [at, stride, 12, list, 0, 8, list, at, at, at, 1],
  ],
  selectEntries: ({ address: at }, list, size) => [
    [size - 16, 8, 0, 1, at],
    [list, 8, 0, 1, size - 16],
    [list, -1, 0, 1, at],
  ],
  adagrad: ({ address: at, stride }, list, size) => [
    // Of a list of small numbers, as keys: rows below 50, and entries as many.
    [size - 16, 8, list, at, at, stride, 8, 8, at, 0.1, 0, 1e-10, at],
    [list, 8, size - 4, at, at, stride, 8, 8, at, 0.1, 0, 1e-10, at],
    [list, 8, list, size - 4, at, stride, 8, 8, at, 0.1, 0, 1e-10, at],
    [list, 8, list, at, size - 64, stride, 8, 8, at, 0.1, 0, 1e-10, at],
    [list, 8, list, at, at, stride, 8, 8, size - 4, 0.1, 0, 1e-10, at],
    [list, 8, list, at, at, stride, 8, 8, at, 0.1, 0, 1e-10, size - 16],
    [list, 8, list, at, at, stride, 8, 9, at, 0.1, 0, 1e-10, at],
    // Numbers of the matrix as the gradients' addresses: far beyond.
    [list, 8, at, at, at, stride, 8, 8, at, 0.1, 0, 1e-10, at],
  ],
  adam: ({ address: at }, _list, size) => [
    [size - 16, at, at, at, 8, 0.9, 0.999, 1e-8, 0.01, 3],
    [at, size - 16, at, at, 8, 0.9, 0.999, 1e-8, 0.01, 3],
    [at, at, at, size - 16, 8, 0.9, 0.999, 1e-8, 0.01, 3],
    [at, at, at, at, -8, 0.9, 0.999, 1e-8, 0.01, 3],
  ],
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

  const READING = ['multiply', 'multiplyTransposed', 'meanOfRows', 'meanOfColumns', 'gatherRows', 'sampledSoftmax'];
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

  it.each(Object.keys(REFUSED))('%s refuses what lies outside the memory, and changes nothing', (name) => {
    const bench = new Bench(level);
    const matrix = bench.matrix(60, 60);
    const list = bench.rows(60, 50);
    const before = new Uint8Array(bench.arena.memory.buffer).slice();
    const size = before.length;
    for (const parameters of REFUSED[name](matrix, list, size)) {
      expect(() => bench.kernels[name as keyof Kernels](...parameters)).toThrow('lies outside the memory');
    }
    expect(Buffer.compare(before, new Uint8Array(bench.arena.memory.buffer))).toBe(0);
  });

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
