// INT8 with the 512-bit dot products of AVX-512 VNNI.
#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels/gemm.h"

namespace intertie::measurement_probes {
namespace {

struct Int8Avx512 {
  using Operand = unsigned char;
  using Result = std::int32_t;
  using Vector = __m512i;
  using Packed = __m512i;
  static constexpr int kRows = 12;
  static constexpr int kGroup = 4;
  static constexpr int kLanes = 16;
  static constexpr unsigned char kOne = 1;

  static Vector zero() { return _mm512_setzero_si512(); }
  static Packed load(const unsigned char* from) {
    return _mm512_load_si512(reinterpret_cast<const __m512i*>(from));
  }
  static Packed broadcast(const unsigned char* from) {
    int group;
    __builtin_memcpy(&group, from, sizeof group);
    return _mm512_set1_epi32(group);
  }
  static Vector dot(Vector sum, Packed a, Packed b) { return _mm512_dpbusd_epi32(sum, a, b); }
  static Vector load_result(const std::int32_t* from) {
    return _mm512_load_si512(reinterpret_cast<const __m512i*>(from));
  }
  static void store_result(std::int32_t* to, Vector value) {
    _mm512_store_si512(reinterpret_cast<__m512i*>(to), value);
  }
  static Vector add(Vector a, Vector b) { return _mm512_add_epi32(a, b); }
};

}  // namespace

const Kernel kAvx512VnniI8 = Gemm<Int8Avx512>::make_kernel("avx512 vnni", Element::i8);

}  // namespace intertie::measurement_probes

#endif
