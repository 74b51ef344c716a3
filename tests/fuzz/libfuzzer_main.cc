// The entry point as libFuzzer calls it.
#include "fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  intertie::fuzz::take_input({reinterpret_cast<const char*>(data), size});
  return 0;
}
