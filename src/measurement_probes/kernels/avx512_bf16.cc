// BF16 with the dot products of AVX-512 BF16; sums are FP32.
#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels/gemm.h"

namespace intertie::measurement_probes {
namespace {

struct Bf16Avx512 {
  using Operand = std::uint16_t;
  using Result = float;
  using Vector = __m512;
  using Packed = __m512i;
  static constexpr int kRows = 12;
  static constexpr int kGroup = 2;
  static constexpr int kLanes = 16;
  static constexpr std::uint16_t kOne = 0x3f80;

  static Vector zero() { return _mm512_setzero_ps(); }
  static Packed load(const std::uint16_t* from) { return _mm512_load_si512(from); }
  static Packed broadcast(const std::uint16_t* from) {
    int group;
    __builtin_memcpy(&group, from, sizeof group);
    return _mm512_set1_epi32(group);
  }
  static Vector dot(Vector sum, Packed a, Packed b) {
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
  static Vector load_result(const float* from) { return _mm512_load_ps(from); }
  static void store_result(float* to, Vector value) { _mm512_store_ps(to, value); }
  static Vector add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
};

}  // namespace

const Kernel kAvx512Bf16 = Gemm<Bf16Avx512>::make_kernel("avx512 bf16", Element::bf16);

}  // namespace intertie::measurement_probes

#endif
