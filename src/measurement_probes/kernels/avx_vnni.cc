// INT8 with the 256-bit dot products of AVX-VNNI.
#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels/gemm.h"

namespace intertie::measurement_probes {
namespace {

struct Int8AvxVnni {
  using Operand = unsigned char;
  using Result = std::int32_t;
  using Vector = __m256i;
  using Packed = __m256i;
  static constexpr int kRows = 6;
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
  static Vector dot(Vector sum, Packed a, Packed b) { return _mm256_dpbusd_avx_epi32(sum, a, b); }
  static Vector load_result(const std::int32_t* from) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
  }
  static void store_result(std::int32_t* to, Vector value) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(to), value);
  }
  static Vector add(Vector a, Vector b) { return _mm256_add_epi32(a, b); }
};

}  // namespace

const Kernel kAvxVnniI8 = Gemm<Int8AvxVnni>::make_kernel("avx vnni", Element::i8);

}  // namespace intertie::measurement_probes

#endif
