/** The two optimizers. Included by kernels.cpp alone. */
#pragma once
#include "rows.h"

namespace {

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
        fetch(memory.at({load<uint32_t>(places.row(entryOf(asked)))}), bytes);
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
