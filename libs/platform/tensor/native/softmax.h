/** The sampled softmax. Included by kernels.cpp alone. */
#pragma once
#include "vectors.h"

namespace {

using Int8 = Vectors<8>::Int;

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
    Float8 largest8 = Float8{} + labelLogit;
    for (size_t j = 0; j < bytes; j += sizeof(Float8)) {
      const Int8 isHit = load<Int8>(drawn + j) == label;
      const Float8 logit = choose(isHit, Float8{} - 1e9f, load<Float8>(row + j));
      store(row + j, logit);
      largest8 = larger(logit, largest8);
    }
    float largest = largest8[0];
    for (int lane = 1; lane < 8; lane++) largest = largest8[lane] > largest ? largest8[lane] : largest;
    Float8 sum = {};
    for (size_t j = 0; j < bytes; j += sizeof(Float8)) {
      const Float8 power = exponential<8>(load<Float8>(row + j) - largest);
      store(row + j, power);
      sum += power;
    }
    const float others = sumOf(sum);
    const float partition = others + exponential<8>(Float8{} + (labelLogit - largest))[0];
    const float share = scale / partition;
    for (size_t j = 0; j < bytes; j += sizeof(Float8)) store(row + j, load<Float8>(row + j) * share);
    // p - 1 = -(the others' share), without cancellation.
    store(memory.at(labelLogits) + ofExample, -others / partition * scale);
    store(memory.at(excesses) + ofExample, largest - labelLogit);
    store(memory.at(partitions) + ofExample, partition);
  }
  return true;
}

}  // namespace
