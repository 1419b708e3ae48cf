/** Weighted averages of a history, and the way back. Included by kernels.cpp alone. */
#pragma once
#include "rows.h"

namespace {

/** Heads over a history, as kernels/assembly/heads.ts has them: four at a time, one in each lane. */
constexpr int LANE_HEADS = 4;
constexpr size_t BLOCK = sizeof(Float4);

/** Sums of a row's products with four vectors that stand one behind the other. */
inline Float4 fourDots(const char* row, const char* vectors, size_t bytes) {
  Float8 sums[LANE_HEADS] = {};
  for (size_t j = 0; j < bytes; j += sizeof(Float8)) {
    const Float8 x = load<Float8>(row + j);
#pragma GCC unroll 4
    for (int h = 0; h < LANE_HEADS; h++) sums[h] += x * load<Float8>(vectors + size_t(h) * bytes + j);
  }
  return Float4{sumOf(sums[0]), sumOf(sums[1]), sumOf(sums[2]), sumOf(sums[3])};
}

/** The entries of a history that count, and what stands beside each for four of its heads. */
struct Watches {
  const Table& table;
  const char* list;
  int32_t first, end;

  const char* row(int32_t e) const { return table.row(load<uint32_t>(list + size_t(e) * NUMBER)); }
};

/** What stands beside each index of a history, for a block of four heads. */
struct Beside {
  char* base;
  size_t stride;

  char* of(int32_t e) const { return base + size_t(e) * stride; }
};

/** out[h] = Σ weights[e, h] · row of e, for four heads. */
inline void fourSums(const Watches& watches, const Beside& weights, char* out) {
  const size_t bytes = watches.table.bytes;
  const auto sum = [&](auto count, size_t j) {
    constexpr int vectors = decltype(count){};
    Float8 sums[LANE_HEADS][vectors] = {};
    for (int32_t e = watches.first; e < watches.end; e++) {
      const Float4 weight = load<Float4>(weights.of(e));
      const char* const row = watches.row(e) + j;
#pragma GCC unroll 2
      for (int v = 0; v < vectors; v++) {
        const Float8 x = load<Float8>(row + size_t(v) * sizeof(Float8));
#pragma GCC unroll 4
        for (int h = 0; h < LANE_HEADS; h++) sums[h][v] += x * weight[h];
      }
    }
#pragma GCC unroll 4
    for (int h = 0; h < LANE_HEADS; h++) store(out + size_t(h) * bytes + j, sums[h]);
  };
  size_t j = 0;
  for (; j + 2 * sizeof(Float8) <= bytes; j += 2 * sizeof(Float8)) sum(Count<2>{}, j);
  for (; j < bytes; j += sizeof(Float8)) sum(Count<1>{}, j);
}

/** gradients[e] (+)= Σ weights[e, h] · vectors[h] over four heads. */
inline void spread(
    const Watches& watches, const char* vectors, const Beside& weights, const Beside& gradients, bool isAdded) {
  const size_t bytes = watches.table.bytes;
  for (size_t j = 0; j < bytes; j += sizeof(Float8)) {
    Float8 ofHead[LANE_HEADS];
#pragma GCC unroll 4
    for (int h = 0; h < LANE_HEADS; h++) ofHead[h] = load<Float8>(vectors + size_t(h) * bytes + j);
    for (int32_t e = watches.first; e < watches.end; e++) {
      const Float4 weight = load<Float4>(weights.of(e));
      Float8 sum = isAdded ? load<Float8>(gradients.of(e) + j) : Float8{};
#pragma GCC unroll 4
      for (int h = 0; h < LANE_HEADS; h++) sum += ofHead[h] * weight[h];
      store(gradients.of(e) + j, sum);
    }
  }
}

/** Of the heads that ask by the last watch: the queries, one for each head after a row that is none's. */
struct Queries {
  const char* values;
  size_t stride;
  int32_t headCount;

  const char* of(int32_t head) const { return values + size_t(head + 1) * stride; }
  /** out[h] = query of h ∘ last, and zeros for heads beyond the last. */
  void ask(const char* last, size_t bytes, int32_t blocks, char* out) const {
    for (int32_t h = 0; h < blocks * LANE_HEADS; h++) {
      for (size_t j = 0; j < bytes; j += sizeof(Float8)) {
        const Float8 asked = h < headCount ? load<Float8>(of(h) + j) * load<Float8>(last + j) : Float8{};
        store(out + size_t(h) * bytes + j, asked);
      }
    }
  }
};

/** What both ways have in common. */
struct Heads {
  const Memory& memory;
  const Table table;
  const Lists lists;
  const Queries queries;
  const bool isQueried;
  const int32_t headCount, blocks, places;
  const size_t bytes, weightStride;

  Heads(const Memory& in, Address tableAt, uint32_t tableStride, int32_t width, Address rows, Address starts,
        int32_t placeCount, Address queriesAt, uint32_t queryStride, int32_t count)
      : memory(in),
        table(in, tableAt, tableStride, width),
        lists(in, table, rows, starts),
        queries{in.at(queriesAt), queryStride, count},
        isQueried(queriesAt.bytes != 0),
        headCount(count),
        blocks((count + LANE_HEADS - 1) / LANE_HEADS),
        places(placeCount),
        bytes(table.bytes),
        weightStride(size_t(blocks) * BLOCK) {}

  size_t headBytes() const { return size_t(headCount) * bytes; }

  /** Whether what both ways read lies inside; `scratch` is room for 2 · 4 · blocks vectors. */
  bool holds(Address rows, Address starts, int32_t from, int32_t to, Address queriesAt, Address scratch) const {
    return headCount > 0 && headCount < (1 << 16) && places >= 0 && bytes % sizeof(Float8) == 0 && memory.holds(rows, 0) &&
           memory.holds(starts, from, to, NUMBER, 2 * NUMBER) &&
           (!isQueried || memory.holds(queriesAt, 0, headCount + 1, uint32_t(queries.stride), bytes)) &&
           memory.holds(scratch, size_t(2 * LANE_HEADS * blocks) * bytes);
  }
  /** Of the histories from … to, whether they are none before each other and their indices' 16 · blocks bytes lie inside. */
  bool holdsBeside(Address beside, int32_t from, int32_t to, uint64_t bytesOfEntry) const {
    for (int32_t i = from; i < to; i++) {
      if (lists.start(i) < 0 || lists.start(i + 1) < lists.start(i)) return false;
      if (!memory.holds(beside, uint64_t(lists.start(i + 1)) * bytesOfEntry)) return false;
    }
    return true;
  }
  Watches watchesOf(int32_t i) const {
    const int32_t end = lists.start(i + 1);
    const int32_t counted = end - lists.start(i) < places ? end - lists.start(i) : places;
    return {table, lists.rows, end - counted, end};
  }
  Beside beside(Address address, int32_t block) const { return {memory.at(address) + size_t(block) * BLOCK, weightStride}; }
};

bool heads(
    const Memory& memory, Address table, uint32_t tableStride, int32_t width, Address rows, Address starts, int32_t from,
    int32_t to, Address positions, uint32_t positionStride, int32_t places, Address placeOf, Address queries,
    uint32_t queryStride, int32_t headCount, Address weights, Address scratch, Address out, uint32_t outStride) {
  if (width < 0) return false;
  const Heads work(memory, table, tableStride, width, rows, starts, places, queries, queryStride, headCount);
  const size_t bytes = work.bytes;
  if (!work.holds(rows, starts, from, to, queries, scratch)) return false;
  if (!memory.holds(out, from, to, outStride, work.headBytes())) return false;
  if (!work.holdsBeside(weights, from, to, work.weightStride)) return false;
  const bool isGiven = placeOf.bytes != 0;
  if (isGiven && !work.holdsBeside(placeOf, from, to, NUMBER)) return false;
  const Table logitsOf(memory, positions, positionStride, work.blocks * LANE_HEADS);
  char* const asked = memory.at(scratch);
  char* const sums = asked + size_t(work.blocks * LANE_HEADS) * bytes;
  for (int32_t i = from; i < to; i++) {
    if (!work.lists.bringRows<touch>(i)) return false;
    const Watches watches = work.watchesOf(i);
    char* const target = memory.at(out) + size_t(i) * outStride;
    if (watches.first == watches.end) {
      __builtin_memset(target, 0, work.headBytes());
      continue;
    }
    if (work.isQueried) work.queries.ask(watches.row(watches.end - 1), bytes, work.blocks, asked);
    for (int32_t block = 0; block < work.blocks; block++) {
      const Beside beside = work.beside(weights, block);
      Float4 largest = Float4{} - __builtin_inff();
      for (int32_t e = watches.first; e < watches.end; e++) {
        const uint32_t place =
            isGiven ? load<uint32_t>(memory.at(placeOf) + size_t(e) * NUMBER) : uint32_t(watches.end - e);
        if (place >= logitsOf.rowCount) return false;
        Float4 logit = load<Float4>(logitsOf.row(place) + size_t(block) * BLOCK);
        if (work.isQueried) logit += fourDots(watches.row(e), asked + size_t(block * LANE_HEADS) * bytes, bytes);
        store(beside.of(e), logit);
        largest = larger(logit, largest);
      }
      Float4 total = {};
      for (int32_t e = watches.first; e < watches.end; e++) {
        const Float4 power = exponential<4>(load<Float4>(beside.of(e)) - largest);
        store(beside.of(e), power);
        total += power;
      }
      const Float4 share = 1.0f / total;
      for (int32_t e = watches.first; e < watches.end; e++) store(beside.of(e), load<Float4>(beside.of(e)) * share);
      fourSums(watches, beside, sums);
      const int32_t left = work.headCount - block * LANE_HEADS;
      const size_t count = size_t(left < LANE_HEADS ? left : LANE_HEADS);
      __builtin_memcpy(target + size_t(block * LANE_HEADS) * bytes, sums, count * bytes);
    }
  }
  return true;
}

bool headGradients(
    const Memory& memory, Address table, uint32_t tableStride, int32_t width, Address rows, Address starts, int32_t from,
    int32_t to, int32_t places, Address queries, uint32_t queryStride, int32_t headCount, Address weights,
    Address logitGradients, Address scratch, Address gradients, uint32_t gradientStride, Address entryGradients,
    Address queryParts, uint32_t queryPartStride) {
  if (width < 0) return false;
  const Heads work(memory, table, tableStride, width, rows, starts, places, queries, queryStride, headCount);
  const size_t bytes = work.bytes;
  if (!work.holds(rows, starts, from, to, queries, scratch)) return false;
  if (!memory.holds(gradients, from, to, gradientStride, work.headBytes())) return false;
  if (work.isQueried && !memory.holds(queryParts, from, to, queryPartStride, work.headBytes())) return false;
  if (!work.holdsBeside(weights, from, to, work.weightStride)) return false;
  if (!work.holdsBeside(logitGradients, from, to, work.weightStride)) return false;
  if (!work.holdsBeside(entryGradients, from, to, bytes)) return false;
  char* const asked = memory.at(scratch);
  char* const ofHeads = asked + size_t(work.blocks * LANE_HEADS) * bytes;
  const Beside ofEntries = {memory.at(entryGradients), bytes};
  for (int32_t i = from; i < to; i++) {
    if (!work.lists.bringRows<touch>(i)) return false;
    const Watches watches = work.watchesOf(i);
    const int32_t begin = work.lists.start(i);
    char* const parts = memory.at(queryParts) + size_t(i) * queryPartStride;
    __builtin_memset(ofEntries.of(begin), 0, size_t(watches.first - begin) * bytes);
    if (watches.first == watches.end) {
      if (work.isQueried) __builtin_memset(parts, 0, work.headBytes());
      continue;
    }
    __builtin_memset(ofHeads, 0, size_t(work.blocks * LANE_HEADS) * bytes);
    __builtin_memcpy(ofHeads, memory.at(gradients) + size_t(i) * gradientStride, work.headBytes());
    const char* const last = watches.row(watches.end - 1);
    if (work.isQueried) work.queries.ask(last, bytes, work.blocks, asked);
    for (int32_t block = 0; block < work.blocks; block++) {
      char* const ofBlock = ofHeads + size_t(block * LANE_HEADS) * bytes;
      const Beside weightsHere = work.beside(weights, block);
      const Beside logitsHere = work.beside(logitGradients, block);
      Float4 mean = {};
      for (int32_t e = watches.first; e < watches.end; e++) {
        const Float4 gradient = fourDots(watches.row(e), ofBlock, bytes);
        store(logitsHere.of(e), gradient);
        mean += gradient * load<Float4>(weightsHere.of(e));
      }
      for (int32_t e = watches.first; e < watches.end; e++) {
        store(logitsHere.of(e), load<Float4>(weightsHere.of(e)) * (load<Float4>(logitsHere.of(e)) - mean));
      }
      spread(watches, ofBlock, weightsHere, ofEntries, block > 0);
      if (!work.isQueried) continue;
      spread(watches, asked + size_t(block * LANE_HEADS) * bytes, logitsHere, ofEntries, true);
      // The four heads' gradients are used up: their place takes Σ ∂loss/∂logit · row.
      fourSums(watches, logitsHere, ofBlock);
    }
    if (!work.isQueried) continue;
    char* const ofLast = ofEntries.of(watches.end - 1);
    for (int32_t h = 0; h < work.headCount; h++) {
      const char* const sums = ofHeads + size_t(h) * bytes;
      for (size_t j = 0; j < bytes; j += sizeof(Float8)) {
        const Float8 sum = load<Float8>(sums + j);
        store(ofLast + j, load<Float8>(ofLast + j) + load<Float8>(work.queries.of(h) + j) * sum);
        store(parts + size_t(h) * bytes + j, load<Float8>(last + j) * sum);
      }
    }
  }
  return true;
}

}  // namespace
