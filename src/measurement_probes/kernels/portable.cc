// FP64 and FP32 with 16-byte vectors of the compiler: SSE2 on x86, NEON on Arm, whatever there is.
#include "kernels/gemm.h"

namespace intertie::measurement_probes {
namespace {

template <class T>
struct Portable {
  using Operand = T;
  using Result = T;
  typedef T Vector __attribute__((vector_size(16), aligned(16)));
  using Packed = Vector;
  static constexpr int kRows = 4;
  static constexpr int kGroup = 1;
  static constexpr int kLanes = 16 / sizeof(T);
  static constexpr T kOne = 1;

  static Vector zero() { return Vector{}; }
  static Packed load(const T* from) { return *reinterpret_cast<const Vector*>(from); }
  static Packed broadcast(const T* from) { return *from - Vector{}; }
  static Vector dot(Vector sum, Packed a, Packed b) { return sum + a * b; }
  static Vector load_result(const T* from) { return load(from); }
  static void store_result(T* to, Vector value) { *reinterpret_cast<Vector*>(to) = value; }
  static Vector add(Vector a, Vector b) { return a + b; }
};

}  // namespace

const Kernel kPortableF64 = Gemm<Portable<double>>::make_kernel("portable 128-bit", Element::f64);
const Kernel kPortableF32 = Gemm<Portable<float>>::make_kernel("portable 128-bit", Element::f32);

}  // namespace intertie::measurement_probes
