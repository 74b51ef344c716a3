// Replays inputs through a fuzz target:
//   TARGET [FILE|FOLDER]...       the seeds of the target, then the files
//   TARGET --write-seeds FOLDER   writes the seeds there, for libFuzzer to start from
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz_target.h"

namespace {

using intertie::fuzz::make_seeds;
using intertie::fuzz::take_input;

void replay_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  intertie::fuzz::check(file.is_open(), path.c_str());
  const std::string input((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  take_input(input);
}

// Every seed whole, cut off at a few places, and with one byte changed.
std::size_t replay_seeds() {
  std::size_t count = 0;
  for (const std::string& seed : make_seeds()) {
    take_input(seed);
    const std::size_t step = seed.size() / 16 + 1;
    for (std::size_t i = 0; i < seed.size(); i += step, count += 2) {
      take_input(std::string_view(seed).substr(0, i));
      std::string changed = seed;
      changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
      take_input(changed);
    }
  }
  take_input({});
  return count;
}

void write_seeds(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  std::size_t number = 0;
  for (const std::string& seed : make_seeds()) {
    std::ofstream file(folder / ("seed-" + std::to_string(number++)), std::ios::binary);
    file << seed;
  }
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> given(arguments + 1, arguments + count);
  if (given.size() == 2 && given[0] == "--write-seeds") {
    write_seeds(given[1]);
    return 0;
  }
  std::size_t replayed = replay_seeds();
  for (const std::string& each : given) {
    std::vector<std::filesystem::path> files;
    if (std::filesystem::is_directory(each)) {
      for (const auto& entry : std::filesystem::directory_iterator(each)) {
        files.push_back(entry.path());
      }
      std::sort(files.begin(), files.end());
    } else {
      files.emplace_back(each);
    }
    for (const auto& file : files) replay_file(file);
    replayed += files.size();
  }
  std::printf("%zu inputs\n", replayed);
  return 0;
}
