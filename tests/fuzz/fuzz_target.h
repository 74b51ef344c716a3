// What a fuzz target is: one entry point that is given bytes, and inputs to start from.
//
// Preset `fuzz` links a target with libFuzzer, which calls the entry point with what it invents;
// every other build links it with replay_main.cc, which replays the kept inputs and the seeds as an
// ordinary test. A broken promise ends the process (check), as a sanitizer's finding does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace intertie::fuzz {

/// The target's own: must return for any input. Deterministic; no files, no network, no clock.
void take_input(std::string_view input);

/// Inputs that reach deep, made by the product's own encoders, so they follow its formats.
std::vector<std::string> make_seeds();

/// Ends the process with a message unless the promise holds.
inline void check(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

/// Cuts the input at its first newline: a line for the small parts, the rest for the body.
inline std::string_view take_line(std::string_view& input) {
  const std::size_t end = input.find('\n');
  const std::string_view line = input.substr(0, end);
  input = end == std::string_view::npos ? std::string_view() : input.substr(end + 1);
  return line;
}

}  // namespace intertie::fuzz
