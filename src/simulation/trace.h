// The last things that happened, for the report of a violation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "intertie/core/quantity.h"

namespace intertie::simulation {

/// Keeps `kLines` entries; they become texts only when asked for.
class Trace {
 public:
  static constexpr std::size_t kLines = 50;

  /// `what` lives for ever (a literal). `who` is a site's number, or -1 less the
  /// number of a hub (or of its users).
  void note(core::Duration at, const char* what, std::int64_t who, std::uint64_t a = 0,
            std::uint64_t b = 0) {
    lines_[count_++ % kLines] = {at, what, who, a, b};
  }

  std::vector<std::string> describe() const {
    std::vector<std::string> texts;
    for (std::size_t i = count_ > kLines ? count_ - kLines : 0; i < count_; ++i) {
      const Line& line = lines_[i % kLines];
      std::string text = std::to_string(line.at.count) + "us ";
      text += line.who < 0 ? "hub " + std::to_string(-1 - line.who)
                           : "site " + std::to_string(line.who);
      text += std::string(" ") + line.what + " " + std::to_string(line.a);
      if (line.b != 0) text += "." + std::to_string(line.b);
      texts.push_back(std::move(text));
    }
    return texts;
  }

 private:
  struct Line {
    core::Duration at;
    const char* what = "";
    std::int64_t who = 0;
    std::uint64_t a = 0;
    std::uint64_t b = 0;
  };
  std::array<Line, kLines> lines_;
  std::size_t count_ = 0;
};

}  // namespace intertie::simulation
