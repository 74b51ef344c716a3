#include "intertie/storage/index.h"

namespace intertie::storage {

std::optional<std::string> compute_prefix_end(const std::string& prefix) {
  std::string end = prefix;
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (end.empty()) return std::nullopt;
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace intertie::storage
