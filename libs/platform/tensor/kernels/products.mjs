/**
 * Writes the source of the two matrix products. Each keeps a tile of the result in registers and walks along the sum, so
 * all of a tile's numbers are variables of their own: too repetitive to write by hand. Nothing but the sum may be in there:
 * with a ReLU at the end V8 spills other registers, and the product takes 1.6 times as long.
 *
 * Tiles of 8 × 8 (by rows) and 4 × 8 (by columns) were the fastest of seven shapes tried under V8 on Zen 4; see
 * docs/decisions/0050-training-kernels.md.
 */

const VECTOR = 4;
const range = (n) => Array.from({ length: n }, (_, i) => i);
const each = (n, write) => range(n).map(write).join('\n');

/** Statements that multiply one column of A by one row of B into the tile; A's numbers are read by `loadA(row)`. */
function rankOneUpdate(rows, vectors, loadA, step = '') {
  return [
    each(vectors, (v) => `const b${step}_${v} = v128.load(b, ${16 * v});`),
    each(rows, (r) =>
      [
        `const a${step}_${r} = ${loadA(r)};`,
        each(vectors, (v) => `c${r}_${v} = multiplyAdd(a${step}_${r}, b${step}_${v}, c${r}_${v});`),
      ].join('\n'),
    ),
    'b += bStride;',
  ].join('\n');
}

function product({ name, doc, rows, columns, aPointers, sumStep, sum }) {
  const vectors = columns / VECTOR;
  return `
/** ${doc} */
export function ${name}(
  fromRow: i32, toRow: i32, n: i32, k: i32,
  aMatrix: usize, aStride: usize, bMatrix: usize, bStride: usize, c: usize, cStride: usize,
  start: usize,
): void {
  for (let i = fromRow; i < toRow; i += ${rows}) {
    for (let j: i32 = 0; j < n; j += ${columns}) {
      const column = <usize>j << 2;
      ${each(rows, (r) => each(vectors, (v) => `let c${r}_${v} = v128.load(start + column, ${16 * v});`))}
      ${aPointers}
      let b = bMatrix + column;
      for (let step: i32 = 0; step < k; step += ${sumStep}) {
        ${sum(rows, vectors)}
      }
      let to = c + <usize>i * cStride + column;
      ${each(rows, (r) => `${each(vectors, (v) => `v128.store(to, c${r}_${v}, ${16 * v});`)} to += cStride;`)}
    }
  }
}
`;
}

export function productsSource() {
  const unrolled = 4;
  const byRows = product({
    name: 'multiply',
    doc: 'C = start + A·B, start [n] being added to each row: rows from … to of C, multiples of 8; n multiple of 8, k of 4.',
    rows: 8,
    columns: 8,
    sumStep: unrolled,
    aPointers: each(8, (r) => `let p${r} = aMatrix + <usize>(i + ${r}) * aStride;`),
    sum: (rows, vectors) =>
      [
        each(unrolled, (u) => rankOneUpdate(rows, vectors, (r) => `v128.load32_splat(p${r}, ${4 * u})`, u)),
        each(rows, (r) => `p${r} += ${4 * unrolled};`),
      ].join('\n'),
  });
  const byColumns = product({
    name: 'multiplyTransposed',
    doc: 'C = start + Aᵀ·B with A [k, m] and B [k, n]: rows from … to of C, multiples of 4; n multiple of 8.',
    rows: 4,
    columns: 8,
    sumStep: 1,
    aPointers: 'let a = aMatrix + (<usize>i << 2);',
    sum: (rows, vectors) => `${rankOneUpdate(rows, vectors, (r) => `v128.load32_splat(a, ${4 * r})`)}\na += aStride;`,
  });
  return `import { multiplyAdd } from './arithmetic';\n${byRows}${byColumns}`;
}
