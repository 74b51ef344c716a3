// FP64 and FP32 with the 512-bit fused multiply-adds of AVX-512F.
#if defined(__x86_64__)

#include <immintrin.h>

#include "kernels/gemm.h"

namespace intertie::measurement_probes {
namespace {

struct Fp64Avx512 {
  using Operand = double;
  using Result = double;
  using Vector = __m512d;
  using Packed = __m512d;
  static constexpr int kRows = 12;
  static constexpr int kGroup = 1;
  static constexpr int kLanes = 8;
  static constexpr double kOne = 1;

  static Vector zero() { return _mm512_setzero_pd(); }
  static Packed load(const double* from) { return _mm512_load_pd(from); }
  static Packed broadcast(const double* from) { return _mm512_set1_pd(*from); }
  static Vector dot(Vector sum, Packed a, Packed b) { return _mm512_fmadd_pd(a, b, sum); }
  static Vector load_result(const double* from) { return _mm512_load_pd(from); }
  static void store_result(double* to, Vector value) { _mm512_store_pd(to, value); }
  static Vector add(Vector a, Vector b) { return _mm512_add_pd(a, b); }
};

struct Fp32Avx512 {
  using Operand = float;
  using Result = float;
  using Vector = __m512;
  using Packed = __m512;
  static constexpr int kRows = 12;
  static constexpr int kGroup = 1;
  static constexpr int kLanes = 16;
  static constexpr float kOne = 1;

  static Vector zero() { return _mm512_setzero_ps(); }
  static Packed load(const float* from) { return _mm512_load_ps(from); }
  static Packed broadcast(const float* from) { return _mm512_set1_ps(*from); }
  static Vector dot(Vector sum, Packed a, Packed b) { return _mm512_fmadd_ps(a, b, sum); }
  static Vector load_result(const float* from) { return _mm512_load_ps(from); }
  static void store_result(float* to, Vector value) { _mm512_store_ps(to, value); }
  static Vector add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
};

}  // namespace

const Kernel kAvx512F64 = Gemm<Fp64Avx512>::make_kernel("avx512", Element::f64);
const Kernel kAvx512F32 = Gemm<Fp32Avx512>::make_kernel("avx512", Element::f32);

}  // namespace intertie::measurement_probes

#endif
