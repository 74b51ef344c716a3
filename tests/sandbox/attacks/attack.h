// What the attacks share: how one says what it found. Each is a program of its own that runs as a
// job; it detects and never acts: it opens, compares, or calls so that nothing can change.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace intertie::attack {

/// The exit codes that attacks_test.cc reads.
inline constexpr int kHeld = 0;       // Nothing succeeded.
inline constexpr int kSucceeded = 1;  // A line on stdout says what.
inline constexpr int kUntried = 2;    // This machine has no such door; a line says why.

/// Counts what succeeded; an attack ends with `return finds.code()`.
class Finds {
 public:
  void add_if(bool has_succeeded, const std::string& what) {
    if (!has_succeeded) return;
    code_ = kSucceeded;
    // The first ones tell enough.
    if (++count_ <= 20) std::printf("SUCCEEDED: %s\n", what.c_str());
    std::fflush(stdout);
  }
  int code() const { return code_; }

 private:
  int code_ = kHeld;
  int count_ = 0;
};

inline int skip(const char* why) {
  std::printf("untried: %s\n", why);
  return kUntried;
}

/// What the test tells an attack by a variable; empty without it.
inline std::string get_told(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// In the names of all that an attack makes, so that the test finds what is left of it.
inline std::string get_mark() { return get_told("ATTACK_MARK"); }

}  // namespace intertie::attack
