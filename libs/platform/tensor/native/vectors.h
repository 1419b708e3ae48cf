/** Vectors of numbers in memory. Included by kernels.cpp alone. */
#pragma once
#include "kernels.h"

namespace {

/** So many numbers at once. */
template <int lanes>
struct Vectors {
  typedef float Float __attribute__((vector_size(lanes * 4)));
  typedef int32_t Int __attribute__((vector_size(lanes * 4)));
  typedef uint32_t Unsigned __attribute__((vector_size(lanes * 4)));
};
using Float4 = Vectors<4>::Float;
using Float8 = Vectors<8>::Float;

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
inline float sumOf(const Float8& x) { return ((x[0] + x[4]) + (x[1] + x[5])) + ((x[2] + x[6]) + (x[3] + x[7])); }
/** Lanes of a where the mask is all ones, of b where it is zero. Casts of vectors keep the bits. */
template <typename Float, typename Int>
inline Float choose(const Int& mask, const Float& a, const Float& b) {
  return (Float)((mask & (Int)a) | (~mask & (Int)b));
}
template <typename Float>
inline Float larger(const Float& a, const Float& b) {
  return choose(a > b, a, b);
}

/** As `exponential` of kernels/assembly/arithmetic.ts: 0 below -32, NaN for NaN. */
template <int lanes>
inline typename Vectors<lanes>::Float exponential(const typename Vectors<lanes>::Float& x) {
  using Float = typename Vectors<lanes>::Float;
  using Unsigned = typename Vectors<lanes>::Unsigned;
  // Numbers from 2^23 to 2^24 have no fraction: the sum rounds, and its last bits are the whole number.
  const Float shift = Float{} + 12582912.0f;
  const Float shifted = x * 1.44269504088896f + shift;
  const Float n = shifted - shift;
  const Float r = x - n * 0.693359375f - n * -2.12194440e-4f;
  Float series = Float{} + 1.0f / 720;
  series = series * r + 1.0f / 120;
  series = series * r + 1.0f / 24;
  series = series * r + 1.0f / 6;
  series = series * r + 0.5f;
  series = series * r + 1.0f;
  series = series * r + 1.0f;
  const Unsigned exponent = (Unsigned)shifted - (Unsigned)shift + 127u;
  return choose(x < -32.0f, Float{}, series * (Float)(exponent << 23));
}

}  // namespace
