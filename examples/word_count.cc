// Counts the words of a large text file and writes the most frequent ones.
//
// A word is what stands between spaces, tabs and line ends. The result has one `count word` a
// line, the most frequent first and equal counts in byte order, then `words N distinct N`.
// Memory grows with the distinct words, not with the file.
#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "arguments.h"

namespace {

struct Counts {
  std::unordered_map<std::string, std::uint64_t> by_word;
  std::uint64_t words = 0;
  std::uint64_t bytes = 0;
};

void count_word(Counts& counts, std::string& word) {
  if (word.empty()) return;
  ++counts.by_word[word];
  ++counts.words;
  word.clear();
}

bool read_words(const std::string& path, Counts& counts) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  std::vector<char> buffer(1U << 20U);
  std::string word;
  while (file) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    const auto filled = static_cast<std::size_t>(file.gcount());
    for (std::size_t i = 0; i < filled; ++i) {
      const char byte = buffer[i];
      if (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r') {
        count_word(counts, word);
      } else {
        word.push_back(byte);
      }
    }
    counts.bytes += filled;
  }
  count_word(counts, word);
  return file.eof();
}

using Count = std::pair<std::string, std::uint64_t>;

std::vector<Count> find_most_frequent(const Counts& counts, std::size_t how_many) {
  std::vector<Count> sorted(counts.by_word.begin(), counts.by_word.end());
  const auto is_before = [](const Count& a, const Count& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  };
  const std::size_t kept = std::min(how_many, sorted.size());
  std::partial_sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(kept),
                    sorted.end(), is_before);
  sorted.resize(kept);
  return sorted;
}

}  // namespace

int main(int count, char** values) {
  const examples::Arguments arguments(
      count, values, {{"in", "access.log"}, {"top", "100"}, {"out", "counts.txt"}});
  const auto top = static_cast<std::size_t>(arguments.get_integer("top", 1, 1'000'000));
  Counts counts;
  if (!read_words(arguments.get_text("in"), counts)) {
    examples::stop_with(examples::kExitUsage, "cannot read " + arguments.get_text("in"));
  }
  std::ofstream out(arguments.get_text("out"), std::ios::binary | std::ios::trunc);
  for (const auto& [word, times] : find_most_frequent(counts, top)) {
    out << times << ' ' << word << '\n';
  }
  out << "words " << counts.words << " distinct " << counts.by_word.size() << '\n';
  out.close();
  if (!out) {
    examples::stop_with(examples::kExitFailed, "cannot write " + arguments.get_text("out"));
  }
  std::printf("bytes %llu words %llu distinct %zu\n", static_cast<unsigned long long>(counts.bytes),
              static_cast<unsigned long long>(counts.words), counts.by_word.size());
  return 0;
}
