// tidy_check FOLDER: reads the repository's text files and prints what breaks a rule of style.
//
// One `path:line: message` a line; exit 0 if there is none, 1 if there are, 3 for a bad call.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "rules.h"

namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kFileBytesMax = 4U << 20U;

bool is_left_out(const fs::path& folder) {
  constexpr std::array kLeftOut = {".git", "build", ".cache", "node_modules"};
  const std::string name = folder.filename().string();
  return std::ranges::any_of(kLeftOut, [&name](const char* out) { return name == out; });
}

bool read_tree(const fs::path& root, tidy::Tree& tree) {
  std::error_code error;
  fs::recursive_directory_iterator entry(root, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (entry->is_directory() && is_left_out(entry->path())) entry.disable_recursion_pending();
    if (!entry->is_regular_file() || entry->file_size() > kFileBytesMax) continue;
    std::ifstream file(entry->path(), std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (text.find('\0') != std::string::npos) continue;  // Not a text.
    const std::string path = fs::relative(entry->path(), root).generic_string();
    tree.emplace(path, tidy::read_source(path, std::move(text)));
  }
  return !error;
}

}  // namespace

int main(int count, char** arguments) {
  tidy::Tree tree;
  if (count != 2 || !read_tree(arguments[1], tree) || !tree.contains("CMakeLists.txt")) {
    std::cerr << "usage: tidy_check FOLDER (the repository's root)\n";
    return 3;
  }
  const tidy::Report report = tidy::check_tree(tree);
  for (const tidy::Violation& violation : report) {
    std::cout << violation.path << ':' << violation.line << ": " << violation.message << '\n';
  }
  std::cout << tree.size() << " files, " << report.size() << " violations\n";
  return report.empty() ? 0 : 1;
}
