/** The two matrix products. Included by kernels.cpp alone. */
#pragma once
#include "vectors.h"

namespace {

/** Numbers of the sum taken at once: the rows' part of A and a tile's part of B then stay in a core's nearest cache. */
constexpr int32_t SUM_BLOCK = 128;

struct Product {
  int32_t fromRow, toRow, n, k;
  const char* a;
  /** Bytes to A's number for the next row of C, and for the next of the sum. */
  size_t aRow, aStep;
  const char* b;
  size_t bStride;
  char* c;
  size_t cStride;
  const char* start;
};

/** What a tile begins with: the sum so far, or, with a stride of 0, what is added to each row. */
struct Beginning {
  const char* at;
  size_t stride;
};

/** A tile of C kept in registers along a part of the sum. */
template <typename Vector, int rows, int vectors>
inline __attribute__((always_inline)) void tile(
    const Product& p, Beginning beginning, const char* a, const char* b, char* c, int32_t steps) {
  Vector sums[rows][vectors];
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) {
      sums[r][v] = load<Vector>(beginning.at + size_t(r) * beginning.stride + size_t(v) * sizeof(Vector));
    }
  }
  for (int32_t step = 0; step < steps; step++) {
    Vector right[vectors];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) right[v] = load<Vector>(b + size_t(v) * sizeof(Vector));
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
      const Vector left = Vector{} + load<float>(a + size_t(r) * p.aRow);
#pragma GCC unroll 8
      for (int v = 0; v < vectors; v++) sums[r][v] += left * right[v];
    }
    a += p.aStep;
    b += p.bStride;
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) store(c + size_t(r) * p.cStride + size_t(v) * sizeof(Vector), sums[r][v]);
  }
}

template <typename Vector, int rows, int vectors>
inline void tileAt(const Product& p, int32_t row, int32_t column, int32_t sumFrom, int32_t sumTo) {
  const size_t offset = size_t(column) * NUMBER;
  char* const c = p.c + size_t(row) * p.cStride + offset;
  const Beginning beginning = sumFrom == 0 ? Beginning{p.start + offset, 0} : Beginning{c, p.cStride};
  const char* const a = p.a + size_t(row) * p.aRow + size_t(sumFrom) * p.aStep;
  const char* const b = p.b + size_t(sumFrom) * p.bStride + offset;
  tile<Vector, rows, vectors>(p, beginning, a, b, c, sumTo - sumFrom);
}

/** Columns from `column` on in tiles so wide, as many as fit. @returns the first that is left */
template <typename Vector, int rows, int vectors>
inline int32_t columnsOf(const Product& p, int32_t column, int32_t sumFrom, int32_t sumTo) {
  constexpr int32_t width = vectors * int32_t(sizeof(Vector) / NUMBER);
  for (; column + width <= p.n; column += width) {
    int32_t row = p.fromRow;
    for (; row + rows <= p.toRow; row += rows) tileAt<Vector, rows, vectors>(p, row, column, sumFrom, sumTo);
    if (row < p.toRow) tileAt<Vector, 4, vectors>(p, row, column, sumFrom, sumTo);
  }
  return column;
}

/** What fits into the registers, of which there are 32 with AVX-512 and on ARM, else 16. */
#if LANES == 16 || defined(__aarch64__)
constexpr int ROWS = 8, VECTORS = 2;
#elif LANES == 8
constexpr int ROWS = 4, VECTORS = 3;
#else
constexpr int ROWS = 4, VECTORS = 2;
#endif

/** Each number of C is summed in one order, whatever the tile: results do not depend on how rows are shared out. */
void product(const Product& p) {
  using Vector = Vectors<LANES>::Float;
  for (int32_t from = 0; from == 0 || from < p.k; from += SUM_BLOCK) {
    const int32_t to = from + SUM_BLOCK < p.k ? from + SUM_BLOCK : p.k;
    int32_t column = columnsOf<Vector, ROWS, VECTORS>(p, 0, from, to);
    if constexpr (VECTORS > 2) column = columnsOf<Vector, ROWS, 2>(p, column, from, to);
    column = columnsOf<Vector, ROWS, 1>(p, column, from, to);
    if constexpr (LANES > 8) columnsOf<Float8, ROWS, 1>(p, column, from, to);
  }
}

/** All but A, of which the two products read other parts. */
bool holdsProduct(
    const Memory& memory, int32_t fromRow, int32_t toRow, int32_t n, int32_t k, Address b, uint32_t bStride, Address c,
    uint32_t cStride, Address start) {
  if (fromRow < 0 || toRow < fromRow || (toRow - fromRow) % 4 != 0 || n < 0 || n % 8 != 0 || k < 0) return false;
  const uint64_t bytes = uint64_t(n) * NUMBER;
  return memory.holds(b, 0, k, bStride, bytes) && memory.holds(c, fromRow, toRow, cStride, bytes) &&
         memory.holds(start, bytes);
}

bool multiply(
    const Memory& memory, int32_t fromRow, int32_t toRow, int32_t n, int32_t k, Address a, uint32_t aStride, Address b,
    uint32_t bStride, Address c, uint32_t cStride, Address start) {
  if (!holdsProduct(memory, fromRow, toRow, n, k, b, bStride, c, cStride, start)) return false;
  if (!memory.holds(a, fromRow, toRow, aStride, uint64_t(k) * NUMBER)) return false;
  product({fromRow, toRow, n, k, memory.at(a), aStride, NUMBER, memory.at(b), bStride, memory.at(c), cStride,
           memory.at(start)});
  return true;
}

bool multiplyTransposed(
    const Memory& memory, int32_t fromRow, int32_t toRow, int32_t n, int32_t k, Address a, uint32_t aStride, Address b,
    uint32_t bStride, Address c, uint32_t cStride, Address start) {
  if (!holdsProduct(memory, fromRow, toRow, n, k, b, bStride, c, cStride, start)) return false;
  if (!memory.holds(a, 0, k, aStride, uint64_t(toRow) * NUMBER)) return false;
  product({fromRow, toRow, n, k, memory.at(a), NUMBER, aStride, memory.at(b), bStride, memory.at(c), cStride,
           memory.at(start)});
  return true;
}

}  // namespace
