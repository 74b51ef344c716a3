// FP64 and FP32 with AVX2 and FMA; INT8 with AVX2's pairwise multiply-adds.
#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels/gemm.h"

namespace intertie::measurement_probes {
namespace {

struct Fp64Avx2 {
  using Operand = double;
  using Result = double;
  using Vector = __m256d;
  using Packed = __m256d;
  static constexpr int kRows = 6;
  static constexpr int kGroup = 1;
  static constexpr int kLanes = 4;
  static constexpr double kOne = 1;

  static Vector zero() { return _mm256_setzero_pd(); }
  static Packed load(const double* from) { return _mm256_load_pd(from); }
  static Packed broadcast(const double* from) { return _mm256_broadcast_sd(from); }
  static Vector dot(Vector sum, Packed a, Packed b) { return _mm256_fmadd_pd(a, b, sum); }
  static Vector load_result(const double* from) { return _mm256_load_pd(from); }
  static void store_result(double* to, Vector value) { _mm256_store_pd(to, value); }
  static Vector add(Vector a, Vector b) { return _mm256_add_pd(a, b); }
};

struct Fp32Avx2 {
  using Operand = float;
  using Result = float;
  using Vector = __m256;
  using Packed = __m256;
  static constexpr int kRows = 6;
  static constexpr int kGroup = 1;
  static constexpr int kLanes = 8;
  static constexpr float kOne = 1;

  static Vector zero() { return _mm256_setzero_ps(); }
  static Packed load(const float* from) { return _mm256_load_ps(from); }
  static Packed broadcast(const float* from) { return _mm256_broadcast_ss(from); }
  static Vector dot(Vector sum, Packed a, Packed b) { return _mm256_fmadd_ps(a, b, sum); }
  static Vector load_result(const float* from) { return _mm256_load_ps(from); }
  static void store_result(float* to, Vector value) { _mm256_store_ps(to, value); }
  static Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
};

/// a unsigned, b signed. The sum of two products must fit 16 bits (vpmaddubsw saturates), hence a
/// below 128: 2 * 127 * 128 < 2^15.
struct Int8Avx2 {
  using Operand = unsigned char;
  using Result = std::int32_t;
  using Vector = __m256i;
  using Packed = __m256i;
  static constexpr int kRows = 4;  // Leaves registers for the two intermediate products.
  static constexpr int kGroup = 4;
  static constexpr int kLanes = 8;
  static constexpr unsigned char kOne = 1;

  static Vector zero() { return _mm256_setzero_si256(); }
  static Packed load(const unsigned char* from) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
  }
  static Packed broadcast(const unsigned char* from) {
    int group;
    __builtin_memcpy(&group, from, sizeof group);
    return _mm256_set1_epi32(group);
  }
  static Vector dot(Vector sum, Packed a, Packed b) {
    const __m256i pairs = _mm256_maddubs_epi16(a, b);
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  static Vector load_result(const std::int32_t* from) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
  }
  static void store_result(std::int32_t* to, Vector value) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(to), value);
  }
  static Vector add(Vector a, Vector b) { return _mm256_add_epi32(a, b); }
};

}  // namespace

const Kernel kAvx2F64 = Gemm<Fp64Avx2>::make_kernel("avx2 fma", Element::f64);
const Kernel kAvx2F32 = Gemm<Fp32Avx2>::make_kernel("avx2 fma", Element::f32);
const Kernel kAvx2I8 = Gemm<Int8Avx2>::make_kernel("avx2 maddubs", Element::i8);

}  // namespace intertie::measurement_probes

#endif
