/** Rows of embedding tables. Included by kernels.cpp alone. */
#pragma once
#include "vectors.h"

namespace {

constexpr size_t LINE = 64;

/** Asks for a row ahead of its use, so that the processor waits for many at once. */
inline void fetch(const char* row, size_t bytes) {
  for (size_t offset = 0; offset < bytes; offset += LINE) __builtin_prefetch(row + offset);
}

/**
 * Reads a number of each cache line of a row. What is asked for in advance may be dropped by the processor, and was for the heads:
 * their step takes half as long with this. For the others, whose own reads overlap, it costs more than it brings.
 */
inline void touch(const char* row, size_t bytes) {
  for (size_t offset = 0; offset < bytes; offset += LINE) {
    const uint32_t number = load<uint32_t>(row + offset);
    asm volatile("" ::"r"(number));  // so that reading it is not left out as useless
  }
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

  /** Brings the rows of example i. @returns whether they lie inside */
  template <void bring(const char* row, size_t bytes)>
  bool bringRows(int32_t i) const {
    const int32_t begin = start(i);
    const int32_t end = start(i + 1);
    if (begin < 0 || end < begin || uint64_t(end) > entryCount) return false;
    for (const char* p = entry(begin); p < entry(end); p += NUMBER) {
      const uint32_t row = load<uint32_t>(p);
      if (row >= table.rowCount) return false;
      bring(table.row(row), table.bytes);
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
  if (from < to && !lists.bringRows<fetch>(from)) return false;
  for (int32_t i = from; i < to; i++) {
    // While this example's rows are added the next one's come.
    if (i + 1 < to && !lists.bringRows<fetch>(i + 1)) return false;
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

}  // namespace
