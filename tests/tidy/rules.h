// The rules of style that the text of the sources can show. Each states itself in its message.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "source_text.h"

namespace tidy {

inline constexpr std::size_t columns_max = 100;
inline constexpr std::size_t file_lines_max = 600;
inline constexpr std::size_t function_lines_max = 70;
inline constexpr std::size_t readme_lines_max = 40;

struct Violation {
  std::string path;
  std::size_t line = 0;
  std::string message;
};
using Report = std::vector<Violation>;

/// All text files of the repository, by path. Sorted, so that reports are too.
using Tree = std::map<std::string, SourceText, std::less<>>;

/// Runs every rule. The result is sorted by path and line.
Report check_tree(const Tree& tree);

/// Columns, file length, first lines, words and includes that are not wanted.
void check_text(const SourceText& source, Report& report);

/// Functions of at most function_lines_max lines, from the opening brace to the closing one.
void check_functions(const SourceText& source, Report& report);

/// Clocks, threads, files, sockets and randomness below `service`, outside the I/O targets.
void check_banned_calls(const SourceText& source, Report& report);

/// No temporary closure or aggregate inside a co_await expression: g++ 12.2 destroys it twice.
void check_co_await(const SourceText& source, Report& report);

/// Modules include only what they declare, have a README, and their tests are built.
void check_modules(const Tree& tree, Report& report);

}  // namespace tidy
