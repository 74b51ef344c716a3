// The Range header.
#include "byte_range.h"
#include "fuzz_target.h"

namespace intertie::fuzz {

void take_input(std::string_view input) {
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1'000}, std::uint64_t{UINT64_MAX}}) {
    const auto range = api::parse_byte_range(input, size);
    if (!range || !range->has_value()) continue;
    check((*range)->length > 0, "a range is not empty");
    check((*range)->offset < size && (*range)->length <= size - (*range)->offset,
          "a range lies within the content");
  }
}

std::vector<std::string> make_seeds() {
  return {"bytes=0-",      "bytes=0-5", "bytes=-5", "bytes=999-1000", "bytes=18446744073709551615-",
          "bytes=0-0,2-3", "items=1-2", "bytes=5-2"};
}

}  // namespace intertie::fuzz
