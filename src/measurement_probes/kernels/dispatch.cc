#include "kernels/dispatch.h"

#include <algorithm>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace intertie::measurement_probes {

namespace {

struct Features {
  bool avx2_fma = false;
  bool avx_vnni = false;
  bool avx512 = false;
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
};

Features read_features() {
  Features features;
#if defined(__x86_64__)
  // The builtin also asks the operating system (XGETBV) whether it saves the wide registers.
  // AVX-VNNI and BF16 are unknown to older compilers' builtins: CPUID leaf 7, subleaf 1, EAX bits 4
  // and 5 (Intel 64 manual, volume 2A, CPUID).
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  const bool has_leaf = __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0;
  features.avx2_fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  features.avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512vl");
  features.avx_vnni = features.avx2_fma && has_leaf && (eax >> 4 & 1) != 0;
  features.avx512_vnni = features.avx512 && __builtin_cpu_supports("avx512vnni");
  features.avx512_bf16 = features.avx512 && has_leaf && (eax >> 5 & 1) != 0;
#endif
  return features;
}

}  // namespace

measurement::Measure get_measure(Element element) {
  switch (element) {
    case Element::f64:
      return measurement::Measure::fp64;
    case Element::f32:
      return measurement::Measure::fp32;
    case Element::bf16:
      return measurement::Measure::bf16;
    case Element::i8:
      return measurement::Measure::int8;
  }
  __builtin_unreachable();
}

std::vector<const Kernel*> find_supported_kernels() {
  std::vector<const Kernel*> kernels = {&kPortableF64, &kPortableF32};
#if defined(__x86_64__)
  const Features features = read_features();
  if (features.avx2_fma) kernels.insert(kernels.end(), {&kAvx2F64, &kAvx2F32, &kAvx2I8});
  if (features.avx_vnni) kernels.push_back(&kAvxVnniI8);
  if (features.avx512) kernels.insert(kernels.end(), {&kAvx512F64, &kAvx512F32});
  if (features.avx512_bf16) kernels.push_back(&kAvx512Bf16);
  if (features.avx512_vnni) kernels.push_back(&kAvx512VnniI8);
#endif
  return kernels;
}

std::vector<const Kernel*> choose_kernels() {
  std::vector<const Kernel*> chosen;
  const std::vector<const Kernel*> supported = find_supported_kernels();
  for (const Element element : {Element::f64, Element::f32, Element::bf16, Element::i8}) {
    const auto last =
        std::find_if(supported.rbegin(), supported.rend(),
                     [element](const Kernel* kernel) { return kernel->element == element; });
    if (last != supported.rend()) chosen.push_back(*last);
  }
  return chosen;
}

std::vector<std::string> find_instruction_sets() {
  const Features features = read_features();
  std::vector<std::string> names;
  if (features.avx2_fma) names.emplace_back("avx2");
  if (features.avx_vnni) names.emplace_back("avx_vnni");
  if (features.avx512) names.emplace_back("avx512");
  if (features.avx512_bf16) names.emplace_back("avx512_bf16");
  if (features.avx512_vnni) names.emplace_back("avx512_vnni");
#if defined(__aarch64__)
  names.emplace_back("neon");
#endif
  return names;
}

}  // namespace intertie::measurement_probes
