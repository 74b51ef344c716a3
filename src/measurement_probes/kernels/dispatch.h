// Which kernels this processor can run.
#pragma once

#include <string>
#include <vector>

#include "intertie/measurement/statement.h"

#include "kernels/kernel.h"

namespace intertie::measurement_probes {

measurement::Measure get_measure(Element element);

/// Every kernel the processor and the operating system support, slowest first for each element.
std::vector<const Kernel*> find_supported_kernels();

/// The last (widest) supported kernel of each element, in the order f64, f32, bf16, i8.
std::vector<const Kernel*> choose_kernels();

/// The instruction sets that kernels look for and this processor has: "avx2", "avx512_bf16".
std::vector<std::string> find_instruction_sets();

}  // namespace intertie::measurement_probes
