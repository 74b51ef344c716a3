// Writes a web server's access log made from a seed: the large input of word_count.
//
// Each line is `time address method path status bytes "agent"`. Paths follow a skewed law, as
// real ones do: path number r is drawn about as often as 1 / (r + 1).
#include <cstdio>
#include <string>

#include "arguments.h"
#include "seeded_random.h"

namespace {

constexpr const char* kMethods[] = {"GET", "GET", "GET", "GET", "GET", "GET", "POST", "PUT"};
constexpr const char* kStatuses[] = {"200", "200", "200", "200", "200", "304", "404", "500"};
constexpr const char* kAgents[] = {"browser", "phone", "crawler", "monitor"};
constexpr const char* kParts[] = {"sites", "jobs", "lines", "pools", "prices", "maps", "news"};

/// A number from 0 to 4095 where small ones are common: a uniform number of bits, then the bits.
std::uint64_t draw_skewed(examples::SeededRandom& random) {
  const std::uint64_t bits = random.draw_below(13);
  return random.draw() & ((std::uint64_t{1} << bits) - 1);
}

/// One draw a statement: C++ leaves the order of draws within an expression open.
std::string make_line(examples::SeededRandom& random, std::uint64_t second) {
  const std::uint64_t path = draw_skewed(random);
  std::string line = std::to_string(second) + " 10";
  line += "." + std::to_string(random.draw_below(4));
  line += "." + std::to_string(random.draw_below(256));
  line += "." + std::to_string(random.draw_below(256));
  line += std::string(" ") + kMethods[random.draw_below(std::size(kMethods))];
  line += std::string(" /") + kParts[path % std::size(kParts)] + "/" + std::to_string(path);
  line += std::string(" ") + kStatuses[random.draw_below(std::size(kStatuses))];
  line += " " + std::to_string(random.draw_below(1U << 16U));
  line += std::string(" \"") + kAgents[random.draw_below(std::size(kAgents))] + "\"\n";
  return line;
}

}  // namespace

int main(int count, char** values) {
  const examples::Arguments arguments(
      count, values, {{"seed", "1"}, {"bytes", "67108864"}, {"out", "access.log"}});
  const auto seed = static_cast<std::uint64_t>(arguments.get_integer("seed", 0, INT64_MAX));
  const auto bytes = static_cast<std::size_t>(arguments.get_integer("bytes", 1, INT64_C(1) << 40));
  const std::string& path = arguments.get_text("out");
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) examples::stop_with(examples::kExitFailed, "cannot write " + path);

  examples::SeededRandom random(seed);
  std::size_t written = 0;
  std::size_t lines = 0;
  bool is_written = true;
  while (written < bytes && is_written) {
    // Twenty lines a second, from the start of 2026 (UTC). The last line ends the file, so it
    // is up to one line longer than asked.
    const std::string line = make_line(random, 1767225600 + lines / 20);
    is_written = std::fwrite(line.data(), 1, line.size(), file) == line.size();
    written += line.size();
    ++lines;
  }
  if (std::fclose(file) != 0 || !is_written) {
    examples::stop_with(examples::kExitFailed, "cannot write " + path);
  }
  std::printf("lines %zu bytes %zu\n", lines, written);
  return 0;
}
