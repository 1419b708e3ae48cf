/**
 * Compiled once for each level of vector instructions, with -DTABLE=… and -DLANES=… and what tells the compiler of them. Only the
 * products use vectors of the level's full width: the rest waits for memory, and widths are multiples of 8.
 *
 * Nothing from a header with code of its own is used: the linker keeps one copy of such code, and might keep that of the
 * highest level.
 */
#include "kernels.h"

namespace {

template <int lanes>
struct Vectors {
  typedef float Float __attribute__((vector_size(lanes * 4)));
};
using Float8 = Vectors<8>::Float;
typedef int32_t Int8 __attribute__((vector_size(32)));
typedef uint32_t Unsigned8 __attribute__((vector_size(32)));

/** Numbers and vectors at any address. */
template <typename Value>
inline Value load(const char* address) {
  Value value;
  __builtin_memcpy(&value, address, sizeof value);
  return value;
}
template <typename Value>
inline void store(char* address, const Value& value) {
  __builtin_memcpy(address, &value, sizeof value);
}

/** A number that templates are chosen by. */
template <int count>
struct Count {
  constexpr operator int() const { return count; }
};

constexpr size_t NUMBER = sizeof(float);
inline Float8 all(float x) { return Float8{} + x; }
inline float sumOf(const Float8& x) { return ((x[0] + x[4]) + (x[1] + x[5])) + ((x[2] + x[6]) + (x[3] + x[7])); }
/** Lanes of a where the mask is all ones, of b where it is zero. Casts of vectors keep the bits. */
inline Float8 choose(const Int8& mask, const Float8& a, const Float8& b) {
  return (Float8)((mask & (Int8)a) | (~mask & (Int8)b));
}
inline float larger(float a, float b) { return a > b ? a : b; }

// ---- products

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

// ---- rows of tables

constexpr size_t LINE = 64;

/** Asks for a row ahead of its use, so that the processor waits for many at once. */
inline void fetch(const char* row, size_t bytes) {
  for (size_t offset = 0; offset < bytes; offset += LINE) __builtin_prefetch(row + offset);
}

/** A table whose rows are named by indices from memory. */
struct Table {
  const char* values;
  size_t stride;
  size_t bytes;
  /** Rows below lie inside the memory. */
  uint64_t rowCount;

  Table(const Memory& memory, Address address, uint32_t tableStride, int32_t width)
      : values(memory.at(address)), stride(tableStride), bytes(size_t(width) * NUMBER), rowCount(0) {
    if (memory.holds(address, bytes)) {
      rowCount = stride == 0 ? ~uint64_t(0) : 1 + (memory.size - address.bytes - bytes) / stride;
    }
  }
  const char* row(uint32_t index) const { return values + uint64_t(index) * stride; }
};

bool gatherRows(
    const Memory& memory, Address table, uint32_t tableStride, int32_t width, Address rows, int32_t from, int32_t to,
    Address out, uint32_t outStride) {
  if (width < 0 || !memory.holds(rows, from, to, 4, 4)) return false;
  const Table source(memory, table, tableStride, width);
  if (!memory.holds(out, from, to, outStride, source.bytes)) return false;
  const char* const list = memory.at(rows);
  for (int32_t i = from; i < to; i++) {
    const uint32_t row = load<uint32_t>(list + size_t(i) * 4);
    if (row >= source.rowCount) return false;
    fetch(source.row(row), source.bytes);
  }
  for (int32_t i = from; i < to; i++) {
    const char* const row = source.row(load<uint32_t>(list + size_t(i) * 4));
    __builtin_memmove(memory.at(out) + size_t(i) * outStride, row, source.bytes);
  }
  return true;
}

/** Lists of a table's rows, one for each example. */
struct Lists {
  const Table& table;
  const char* rows;
  const char* starts;
  /** Indices that lie inside the memory. */
  uint64_t entryCount;

  Lists(const Memory& memory, const Table& of, Address rowsAt, Address startsAt)
      : table(of), rows(memory.at(rowsAt)), starts(memory.at(startsAt)), entryCount((memory.size - rowsAt.bytes) / NUMBER) {}

  int32_t start(int32_t i) const { return load<int32_t>(starts + size_t(i) * NUMBER); }
  const char* entry(int32_t e) const { return rows + size_t(e) * NUMBER; }
  /** What each row of example i is a part of the mean; 0 for none. */
  float share(int32_t i) const {
    const int32_t count = start(i + 1) - start(i);
    return count == 0 ? 0 : 1 / float(count);
  }

  /** Asks for the rows of example i. @returns whether they lie inside */
  bool fetchRows(int32_t i) const {
    const int32_t begin = start(i);
    const int32_t end = start(i + 1);
    if (begin < 0 || end < begin || uint64_t(end) > entryCount) return false;
    for (const char* p = entry(begin); p < entry(end); p += NUMBER) {
      const uint32_t row = load<uint32_t>(p);
      if (row >= table.rowCount) return false;
      fetch(table.row(row), table.bytes);
    }
    return true;
  }
};

/** `vectors` · 8 columns of the sum of the rows in example i's list, times its share. */
template <int vectors>
inline void meanOf(const Lists& lists, int32_t i, size_t offset, Float8* out) {
  Float8 sums[vectors] = {};
  for (const char* p = lists.entry(lists.start(i)); p < lists.entry(lists.start(i + 1)); p += NUMBER) {
    const char* const row = lists.table.row(load<uint32_t>(p)) + offset;
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) sums[v] += load<Float8>(row + size_t(v) * sizeof(Float8));
  }
  const float share = lists.share(i);
#pragma GCC unroll 8
  for (int v = 0; v < vectors; v++) out[v] = sums[v] * share;
}

/** The means of the rows in the lists, of which `bytes` are written; of the table whole vectors are read. */
bool writeMeans(
    const Memory& memory, const Lists& lists, int32_t from, int32_t to, size_t bytes, Address out, uint32_t outStride) {
  if (from < to && !lists.fetchRows(from)) return false;
  for (int32_t i = from; i < to; i++) {
    // While this example's rows are added the next one's come.
    if (i + 1 < to && !lists.fetchRows(i + 1)) return false;
    char* const target = memory.at(out) + size_t(i) * outStride;
    size_t offset = 0;
    const auto take = [&](auto count) {
      constexpr int vectors = decltype(count){};
      Float8 mean[vectors];
      for (; offset + sizeof mean <= lists.table.bytes; offset += sizeof mean) {
        meanOf<vectors>(lists, i, offset, mean);
        const size_t left = bytes - offset;
        if (left >= sizeof mean) store(target + offset, mean);
        else __builtin_memcpy(target + offset, mean, left);
      }
    };
    take(Count<8>{});
    take(Count<2>{});
    take(Count<1>{});
  }
  return true;
}

bool meanOfRows(
    const Memory& memory, Address table, uint32_t tableStride, int32_t width, Address rows, Address starts, int32_t from,
    int32_t to, Address out, uint32_t outStride) {
  if (width < 0 || width % 8 != 0) return false;
  const Table source(memory, table, tableStride, width);
  if (!memory.holds(starts, from, to, NUMBER, 2 * NUMBER)) return false;
  if (!memory.holds(rows, 0) || !memory.holds(out, from, to, outStride, source.bytes)) return false;
  return writeMeans(memory, Lists(memory, source, rows, starts), from, to, source.bytes, out, outStride);
}

bool meanOfColumns(
    const Memory& memory, Address table, uint32_t tableStride, int32_t dimensions, Address rows, Address starts,
    int32_t from, int32_t to, Address out, uint32_t outStride) {
  if (dimensions < 0) return false;
  // What follows a row, its padding or the next one, is read along and dropped.
  const Table source(memory, table, tableStride, (dimensions + 7) / 8 * 8);
  const size_t bytes = size_t(dimensions) * NUMBER;
  if (!memory.holds(starts, from, to, NUMBER, 2 * NUMBER)) return false;
  if (!memory.holds(rows, 0) || !memory.holds(out, from, to, outStride, bytes)) return false;
  return writeMeans(memory, Lists(memory, source, rows, starts), from, to, bytes, out, outStride);
}

// ---- softmax

/** As `exponential` of kernels/assembly/arithmetic.ts: 0 below -32, NaN for NaN. */
inline Float8 exponential(const Float8& x) {
  // Numbers from 2^23 to 2^24 have no fraction: the sum rounds, and its last bits are the whole number.
  const Float8 shift = all(12582912);
  const Float8 shifted = x * 1.44269504088896f + shift;
  const Float8 n = shifted - shift;
  const Float8 r = x - n * 0.693359375f - n * -2.12194440e-4f;
  Float8 series = all(1.0f / 720);
  series = series * r + 1.0f / 120;
  series = series * r + 1.0f / 24;
  series = series * r + 1.0f / 6;
  series = series * r + 0.5f;
  series = series * r + 1;
  series = series * r + 1;
  const Unsigned8 exponent = (Unsigned8)shifted - (Unsigned8)shift + 127;
  return choose(x < -32.0f, Float8{}, series * (Float8)(exponent << 23));
}

bool sampledSoftmax(
    const Memory& memory, Address logits, uint32_t stride, int32_t count, Address negatives, int32_t from, int32_t to,
    Address labels, Address labelLogits, Address excesses, Address partitions, float scale) {
  if (count < 0 || count % 8 != 0) return false;
  const size_t bytes = size_t(count) * NUMBER;
  if (!memory.holds(logits, from, to, stride, bytes) || !memory.holds(negatives, bytes)) return false;
  const Address ofExamples[] = {labels, labelLogits, excesses, partitions};
  for (const Address one : ofExamples) {
    if (!memory.holds(one, from, to, NUMBER, NUMBER)) return false;
  }
  const char* const drawn = memory.at(negatives);
  for (int32_t i = from; i < to; i++) {
    const size_t ofExample = size_t(i) * NUMBER;
    char* const row = memory.at(logits) + size_t(i) * stride;
    const Int8 label = Int8{} + load<int32_t>(memory.at(labels) + ofExample);
    const float labelLogit = load<float>(memory.at(labelLogits) + ofExample);
    // NaN does not come through comparisons; it comes through the sum.
    Float8 largest8 = all(labelLogit);
    for (size_t j = 0; j < bytes; j += sizeof(Float8)) {
      const Int8 isHit = load<Int8>(drawn + j) == label;
      const Float8 logit = choose(isHit, all(-1e9f), load<Float8>(row + j));
      store(row + j, logit);
      largest8 = choose(logit > largest8, logit, largest8);
    }
    float largest = largest8[0];
    for (int lane = 1; lane < 8; lane++) largest = larger(largest8[lane], largest);
    Float8 sum = {};
    for (size_t j = 0; j < bytes; j += sizeof(Float8)) {
      const Float8 power = exponential(load<Float8>(row + j) - largest);
      store(row + j, power);
      sum += power;
    }
    const float others = sumOf(sum);
    const float partition = others + exponential(all(labelLogit - largest))[0];
    const float share = scale / partition;
    for (size_t j = 0; j < bytes; j += sizeof(Float8)) store(row + j, load<Float8>(row + j) * share);
    // p - 1 = -(the others' share), without cancellation.
    store(memory.at(labelLogits) + ofExample, -others / partition * scale);
    store(memory.at(excesses) + ofExample, largest - labelLogit);
    store(memory.at(partitions) + ofExample, partition);
  }
  return true;
}

// ---- optimizers

constexpr size_t KEY = sizeof(uint64_t);
/** Entries whose rows are asked for ahead of their update. */
constexpr size_t KEYS_AHEAD = 16;

inline uint32_t rowOf(const char* key) { return uint32_t(load<uint64_t>(key) >> 32); }
inline uint32_t entryOf(const char* key) { return uint32_t(load<uint64_t>(key)); }

bool selectEntries(
    const Memory& memory, Address rows, int32_t count, uint32_t part, uint32_t partCount, Address keys, int32_t& kept) {
  if (count < 0 || !memory.holds(rows, 0, count, NUMBER, NUMBER) || !memory.holds(keys, 0, count, KEY, KEY)) return false;
  const char* const list = memory.at(rows);
  char* key = memory.at(keys);
  for (int32_t entry = 0; entry < count; entry++) {
    const uint32_t row = load<uint32_t>(list + size_t(entry) * NUMBER);
    // Always written, and kept by going on: which ones are is not to be foretold, and a wrong guess costs more.
    store(key, uint64_t(row) << 32 | uint32_t(entry));
    key += KEY * size_t(row != 0 && (row & (partCount - 1)) == part);
  }
  kept = int32_t(size_t(key - memory.at(keys)) / KEY);
  return true;
}

inline void scaleInto(char* target, const char* source, float factor, size_t bytes) {
  for (size_t j = 0; j < bytes; j += sizeof(Float8)) store(target + j, load<Float8>(source + j) * factor);
}

inline void addInto(char* target, const char* source, float factor, size_t bytes) {
  for (size_t j = 0; j < bytes; j += sizeof(Float8)) {
    store(target + j, load<Float8>(target + j) + load<Float8>(source + j) * factor);
  }
}

bool adagrad(
    const Memory& memory, Address keys, int32_t count, Address gradients, Address factors, Address table,
    uint32_t tableStride, int32_t width, int32_t dimensions, Address accumulators, float learningRate, float decay,
    float epsilon, Address scratch) {
  if (count < 0 || width < 0 || width % 8 != 0 || dimensions < 0 || dimensions > width) return false;
  const Table rows(memory, table, tableStride, width);
  const Table slots(memory, accumulators, NUMBER, 1);
  const Table places(memory, gradients, NUMBER, 1);
  const Table shares(memory, factors, NUMBER, 1);
  const size_t bytes = rows.bytes;
  const size_t used = size_t(dimensions) * NUMBER;
  if (!memory.holds(keys, 0, count, KEY, KEY) || !memory.holds(scratch, bytes)) return false;
  const char* const begin = memory.at(keys);
  const char* const end = begin + size_t(count) * KEY;
  for (const char* key = begin; key < end; key += KEY) {
    const uint32_t row = rowOf(key);
    const uint32_t entry = entryOf(key);
    if (row >= rows.rowCount || row >= slots.rowCount || entry >= places.rowCount || entry >= shares.rowCount) return false;
    if (!memory.holds({load<uint32_t>(places.row(entry))}, bytes)) return false;
  }
  char* const sum = memory.at(scratch);
  const char* asked = begin;
  for (const char* key = begin; key < end;) {
    const uint32_t row = rowOf(key);
    const char* const first = key;
    for (; key < end && rowOf(key) == row; key += KEY) {
      for (; asked < end && asked <= key + KEYS_AHEAD * KEY; asked += KEY) {
        fetch(rows.row(rowOf(asked)), bytes);
        __builtin_prefetch(slots.row(rowOf(asked)));
      }
      const char* const gradient = memory.at({load<uint32_t>(places.row(entryOf(key)))});
      const float factor = load<float>(shares.row(entryOf(key)));
      if (key == first) scaleInto(sum, gradient, factor, bytes);
      else addInto(sum, gradient, factor, bytes);
    }
    char* const values = const_cast<char*>(rows.row(row));
    if (decay != 0) addInto(sum, values, decay * float(size_t(key - first) / KEY), bytes);
    for (size_t j = used; j < bytes; j += NUMBER) store(sum + j, 0.0f);
    Float8 squares = {};
    for (size_t j = 0; j < bytes; j += sizeof(Float8)) squares += load<Float8>(sum + j) * load<Float8>(sum + j);
    const float square = sumOf(squares);
    if (square == 0) continue;
    char* const slot = const_cast<char*>(slots.row(row));
    const float accumulator = load<float>(slot) + square / float(dimensions);
    store(slot, accumulator);
    addInto(values, sum, -learningRate / (__builtin_sqrtf(accumulator) + epsilon), bytes);
  }
  return true;
}

inline float rootOf(float x) { return __builtin_sqrtf(x); }
inline Float8 rootOf(Float8 x) {
  for (int lane = 0; lane < 8; lane++) x[lane] = __builtin_sqrtf(x[lane]);
  return x;
}

bool adam(
    const Memory& memory, Address values, Address gradients, Address firstMoments, Address secondMoments, int32_t count,
    float beta1, float beta2, float epsilon, float rate, float secondScale) {
  if (count < 0) return false;
  const Address all[] = {values, gradients, firstMoments, secondMoments};
  for (const Address one : all) {
    if (!memory.holds(one, 0, count, NUMBER, NUMBER)) return false;
  }
  char* const x = memory.at(values);
  const char* const g = memory.at(gradients);
  char* const m = memory.at(firstMoments);
  char* const v = memory.at(secondMoments);
  const auto step = [&](auto number, size_t j) {
    using Number = decltype(number);
    const Number gradient = load<Number>(g + j);
    const Number first = beta1 * load<Number>(m + j) + (1 - beta1) * gradient;
    const Number second = beta2 * load<Number>(v + j) + (1 - beta2) * gradient * gradient;
    store(m + j, first);
    store(v + j, second);
    store(x + j, load<Number>(x + j) - rate * first / (rootOf(second * secondScale) + epsilon));
  };
  const size_t bytes = size_t(count) * NUMBER;
  size_t j = 0;
  for (; j + sizeof(Float8) <= bytes; j += sizeof(Float8)) step(Float8{}, j);
  for (; j < bytes; j += NUMBER) step(float{}, j);
  return true;
}

}  // namespace

extern const Kernels TABLE = {multiply,      multiplyTransposed, gatherRows,    meanOfRows, meanOfColumns,
                              sampledSoftmax, selectEntries,      adagrad,       adam};
