/**
 * The kernels that are compiled for the processor, with the parameters that they have in WebAssembly (kernels/assembly documents
 * them): addresses and strides in bytes, widths in numbers. All return false where an address lies outside the memory, before they
 * have changed anything that they also read: after the memory was looked at anew they can begin again.
 */
#pragma once
#include <cstddef>
#include <cstdint>

/** A place in the shared memory, counted from its beginning. */
struct Address {
  uint32_t bytes;
};

struct Memory {
  char* base;
  uint64_t size;

  /** Whether the rows from … to, `bytes` of each, lie inside; none always do. */
  bool holds(Address address, int32_t from, int32_t to, uint32_t stride, uint64_t bytes) const {
    if (from >= to) return true;
    return from >= 0 && address.bytes + uint64_t(to - 1) * stride + bytes <= size;
  }
  bool holds(Address address, uint64_t bytes) const { return address.bytes + bytes <= size; }
  char* at(Address address) const { return base + address.bytes; }
};

struct Kernels {
  bool (*multiply)(
      const Memory&, int32_t fromRow, int32_t toRow, int32_t n, int32_t k, Address a, uint32_t aStride, Address b,
      uint32_t bStride, Address c, uint32_t cStride, Address start);
  bool (*multiplyTransposed)(
      const Memory&, int32_t fromRow, int32_t toRow, int32_t n, int32_t k, Address a, uint32_t aStride, Address b,
      uint32_t bStride, Address c, uint32_t cStride, Address start);
  bool (*gatherRows)(
      const Memory&, Address table, uint32_t tableStride, int32_t width, Address rows, int32_t from, int32_t to, Address out,
      uint32_t outStride);
  bool (*meanOfRows)(
      const Memory&, Address table, uint32_t tableStride, int32_t width, Address rows, Address starts, int32_t from,
      int32_t to, Address out, uint32_t outStride);
  bool (*meanOfColumns)(
      const Memory&, Address table, uint32_t tableStride, int32_t dimensions, Address rows, Address starts, int32_t from,
      int32_t to, Address out, uint32_t outStride);
  bool (*heads)(
      const Memory&, Address table, uint32_t tableStride, int32_t width, Address rows, Address starts, int32_t from,
      int32_t to, Address positions, uint32_t positionStride, int32_t places, Address placeOf, Address queries,
      uint32_t queryStride, int32_t headCount, Address weights, Address scratch, Address out, uint32_t outStride);
  bool (*headGradients)(
      const Memory&, Address table, uint32_t tableStride, int32_t width, Address rows, Address starts, int32_t from,
      int32_t to, int32_t places, Address queries, uint32_t queryStride, int32_t headCount, Address weights,
      Address logitGradients, Address scratch, Address gradients, uint32_t gradientStride, Address entryGradients,
      Address queryParts, uint32_t queryPartStride);
  bool (*sampledSoftmax)(
      const Memory&, Address logits, uint32_t stride, int32_t count, Address negatives, int32_t from, int32_t to,
      Address labels, Address labelLogits, Address excesses, Address partitions, float scale);
  bool (*selectEntries)(
      const Memory&, Address rows, int32_t count, uint32_t part, uint32_t partCount, Address keys, int32_t& kept);
  bool (*adagrad)(
      const Memory&, Address keys, int32_t count, Address gradients, Address factors, Address table, uint32_t tableStride,
      int32_t width, int32_t dimensions, Address accumulators, float learningRate, float decay, float epsilon,
      Address scratch);
  bool (*adam)(
      const Memory&, Address values, Address gradients, Address firstMoments, Address secondMoments, int32_t count,
      float beta1, float beta2, float epsilon, float rate, float secondScale);
};

/** Made from kernels.cpp, once for each level. */
extern const Kernels baselineKernels;
#ifdef __x86_64__
extern const Kernels avx2Kernels;
extern const Kernels avx512Kernels;
#endif
