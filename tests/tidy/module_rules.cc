// Rules about modules: what they may include, that they say what they are, that tests are built.
#include <algorithm>
#include <cctype>
#include <set>

#include "rules.h"

namespace tidy {
namespace {

constexpr std::string_view kBuildFile = "CMakeLists.txt";

using Names = std::set<std::string, std::less<>>;

/// What a folder's CMakeLists.txt says about dependencies, by module name.
struct Declared {
  bool is_module = false;  // It calls intertie_module.
  Names depends;
  Names private_depends;
  Names test_depends;
};

std::string drop_comments(std::string_view text) {
  std::string result;
  for (const std::string_view line : split_lines(text)) {
    result += line.substr(0, line.find('#'));
    result += '\n';
  }
  return result;
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char byte : text) {
    if (std::isspace(static_cast<unsigned char>(byte)) == 0) {
      word += byte;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

/// A folder that builds its targets by hand names modules as intertie_<module>.
void read_linked_modules(std::string_view text, Declared& declared) {
  constexpr std::string_view prefix = "intertie_";
  for (std::size_t at = text.find(prefix); at != npos; at = text.find(prefix, at + 1)) {
    std::size_t end = at + prefix.size();
    while (end < text.size() && is_word(text[end])) ++end;
    declared.depends.emplace(text.substr(at + prefix.size(), end - at - prefix.size()));
  }
}

Declared read_declared(std::string_view build_file) {
  Declared declared;
  const std::string text = drop_comments(build_file);
  read_linked_modules(text, declared);
  const std::string_view call = "intertie_module(";
  const std::size_t at = text.find(call);
  if (at == npos) return declared;
  declared.is_module = true;
  const std::size_t open = at + call.size();
  Names ignored;
  Names* names = &ignored;
  for (const std::string& word :
       split_words(std::string_view(text).substr(open, text.find(')', open) - open))) {
    if (word == "DEPENDS") {
      names = &declared.depends;
    } else if (word == "PRIVATE_DEPENDS") {
      names = &declared.private_depends;
    } else if (word == "TEST_DEPENDS") {
      names = &declared.test_depends;
    } else if (std::ranges::all_of(word,
                                   [](char b) { return b == '_' || (b >= 'A' && b <= 'Z'); })) {
      names = &ignored;  // LIBRARIES and the like.
    } else {
      names->insert(word);
    }
  }
  return declared;
}

/// The nearest CMakeLists.txt at or above the folder of `path`.
const SourceText* find_build_file(const Tree& tree, std::string_view path) {
  for (std::string_view folder = get_folder(path); !folder.empty(); folder = get_folder(folder)) {
    const auto found = tree.find(std::string(folder) + "/" + std::string(kBuildFile));
    if (found != tree.end()) return &found->second;
  }
  return nullptr;
}

/// The module named in `#include "intertie/<module>/...`, empty for other lines.
std::string_view find_included_module(std::string_view line) {
  constexpr std::string_view prefix = "#include \"intertie/";
  if (!line.starts_with(prefix)) return {};
  const std::size_t slash = line.find('/', prefix.size());
  return slash == npos ? std::string_view{} : line.substr(prefix.size(), slash - prefix.size());
}

void check_includes(const SourceText& source, const Declared& declared, Report& report) {
  const std::string_view module = find_module(source.path);
  const std::string folder = "src/" + std::string(module) + "/include/";
  const bool is_public = !module.empty() && source.path.starts_with(folder);
  const std::vector<std::string_view> lines = split_lines(source.code);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view included = find_included_module(lines[i]);
    if (included.empty() || included == module || declared.depends.contains(included)) continue;
    if (!is_public && declared.private_depends.contains(included)) continue;
    if (is_test(source.path) && declared.test_depends.contains(included)) continue;
    report.push_back({source.path, i + 1,
                      "includes " + std::string(included) + ", which " +
                          (is_public ? "DEPENDS of " : "") +
                          "the CMakeLists.txt of this folder does not name"});
  }
}

void check_is_built(const SourceText& source, const SourceText* build_file,
                    const Declared& declared, Report& report) {
  const std::string_view name = get_file_name(source.path);
  if (!source.path.ends_with(".cc")) return;
  if (build_file != nullptr && declared.is_module) {
    // intertie_module takes the .cc files of the module's folder and of the folders in it.
    const std::string_view root = get_folder(build_file->path);
    const std::string_view folder = get_folder(source.path);
    if (folder == root || get_folder(folder) == root) return;
  } else if (build_file != nullptr) {
    const std::string text = drop_comments(build_file->text);
    const std::string_view stem = name.substr(0, name.size() - 3);
    if (find_word(text, stem, 0) != npos || text.find("*_test.cc") != npos) return;
    // In a list of programs their names stand without .cc; a glob takes the others.
    if (!is_test(source.path) && text.find("*.cc") != npos) return;
  }
  report.push_back({source.path, 1, "no CMakeLists.txt builds this file"});
}

void check_module(const Tree& tree, const SourceText& build_file, Report& report) {
  const std::string module(find_module(build_file.path));
  const auto list = tree.find("src/CMakeLists.txt");
  if (list != tree.end() && find_word(drop_comments(list->second.text), module, 0) == npos) {
    report.push_back({build_file.path, 1, "src/CMakeLists.txt does not name this module"});
  }
  const auto readme = tree.find("src/" + module + "/README.md");
  if (readme == tree.end()) {
    report.push_back({build_file.path, 1, "the module has no README.md"});
  } else if (split_lines(readme->second.text).size() > readme_lines_max) {
    report.push_back({readme->second.path, readme_lines_max + 1,
                      "a module's README has at most " + std::to_string(readme_lines_max) +
                          " lines: purpose, words, invariants, files in reading order"});
  }
}

}  // namespace

void check_modules(const Tree& tree, Report& report) {
  for (const auto& [path, source] : tree) {
    if (get_file_name(path) == kBuildFile && get_folder(get_folder(path)) == "src") {
      check_module(tree, source, report);
    }
    if (!is_cpp(path)) continue;
    const SourceText* const build_file = find_build_file(tree, path);
    Declared declared;
    if (build_file != nullptr) declared = read_declared(build_file->text);
    check_includes(source, declared, report);
    check_is_built(source, build_file, declared, report);
  }
}

Report check_tree(const Tree& tree) {
  Report report;
  for (const auto& [path, source] : tree) {
    check_text(source, report);
    check_functions(source, report);
    check_banned_calls(source, report);
    check_co_await(source, report);
  }
  check_modules(tree, report);
  std::ranges::stable_sort(report, [](const Violation& a, const Violation& b) {
    return a.path != b.path ? a.path < b.path : a.line < b.line;
  });
  return report;
}

}  // namespace tidy
