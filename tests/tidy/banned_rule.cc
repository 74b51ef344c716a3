// Keeps the pure modules pure: the same commands give the same events on every machine.
#include <array>
#include <cctype>

#include "rules.h"

namespace tidy {
namespace {

// The targets that may touch the outside (ARCHITECTURE.md, table of modules).
constexpr std::array kOutsideModules = {
    std::string_view("storage_sqlite"),
    std::string_view("storage_postgres"),
    std::string_view("net"),
    std::string_view("measurement_probes"),
    std::string_view("transfer_wire"),
    std::string_view("execution_runners"),
    std::string_view("slurm_runner"),
    std::string_view("service"),
    std::string_view("main"),
};

enum class Where { product, product_and_tests };

struct Banned {
  std::string_view name;
  std::string_view instead;
  Where where = Where::product;
};

constexpr std::string_view kClock = "pass the time in as core::Time";
constexpr std::string_view kThread = "one thread runs the pure modules; threads belong to service";
constexpr std::string_view kFile = "pass the bytes in; files belong to an I/O target";
constexpr std::string_view kSocket = "sockets belong to net";
constexpr std::string_view kRandom = "use core::Random with a seed that is passed in";
constexpr std::string_view kPrint = "return the text; main prints";

// Types and names that are wrong wherever they are written.
constexpr std::array kNames = {
    Banned{"system_clock", kClock},
    Banned{"steady_clock", kClock},
    Banned{"high_resolution_clock", kClock},
    Banned{"std::thread", kThread},
    Banned{"std::jthread", kThread},
    Banned{"std::async", kThread},
    Banned{"std::this_thread", kThread},
    Banned{"std::ifstream", kFile},
    Banned{"std::ofstream", kFile},
    Banned{"std::fstream", kFile},
    Banned{"std::filesystem", kFile},
    Banned{"std::random_device", kRandom, Where::product_and_tests},
    Banned{"mt19937", kRandom},
    Banned{"mt19937_64", kRandom},
    Banned{"default_random_engine", kRandom},
    Banned{"uniform_int_distribution", kRandom},
    Banned{"uniform_real_distribution", kRandom},
    Banned{"std::shuffle", kRandom},
    Banned{"std::cout", kPrint},
    Banned{"std::cerr", kPrint},
};

// C functions: wrong where they are called, harmless as the name of a member.
constexpr std::array kCalls = {
    Banned{"time", kClock},
    Banned{"gettimeofday", kClock},
    Banned{"clock_gettime", kClock},
    Banned{"localtime", kClock},
    Banned{"usleep", kThread},
    Banned{"nanosleep", kThread},
    Banned{"pthread_create", kThread},
    Banned{"fork", "processes belong to execution_runners"},
    Banned{"system", "processes belong to execution_runners"},
    Banned{"popen", "processes belong to execution_runners"},
    Banned{"fopen", kFile},
    Banned{"socket", kSocket},
    Banned{"getaddrinfo", kSocket},
    Banned{"rand", kRandom, Where::product_and_tests},
    Banned{"srand", kRandom, Where::product_and_tests},
    Banned{"getrandom", kRandom},
    Banned{"getentropy", kRandom},
    Banned{"getenv", "pass the value in; main reads the environment"},
    Banned{"printf", kPrint},
};

/// The word that ends at `end` (spaces before it skipped), or what punctuation stands there.
std::string_view find_token_before(std::string_view code, std::size_t end) {
  while (end > 0 && std::isspace(static_cast<unsigned char>(code[end - 1])) != 0) --end;
  std::size_t begin = end;
  while (begin > 0 && is_word(code[begin - 1])) --begin;
  if (begin == end && end >= 2 &&
      (code.substr(end - 2, 2) == "::" || code.substr(end - 2, 2) == "->"))
    return code.substr(end - 2, 2);
  if (begin == end && end >= 1) return code.substr(end - 1, 1);
  return code.substr(begin, end - begin);
}

/// `time(` and `std::time(` are calls of the C function; `x.time(`, `Log::time(` and the
/// declaration `Time time(` are not.
bool is_c_call(std::string_view code, std::size_t at, std::size_t length) {
  std::size_t open = at + length;
  while (open < code.size() && code[open] == ' ') ++open;
  if (open >= code.size() || code[open] != '(') return false;
  const std::string_view before = find_token_before(code, at);
  if (before == "." || before == "->") return false;
  if (before == "::") {
    const std::string_view owner = find_token_before(code, code.rfind("::", at));
    return owner == "std" || owner.empty() || !is_word(owner.back());
  }
  const bool is_declaration = !before.empty() && (is_word(before.back()) || before == ">" ||
                                                  before == "&" || before == "*");
  return before == "return" || !is_declaration;
}

bool is_outside(std::string_view module) {
  for (const std::string_view outside : kOutsideModules) {
    if (module == outside) return true;
  }
  return false;
}

void report_banned(const SourceText& source, const Banned& banned, std::size_t at, Report& report) {
  report.push_back({source.path, count_line(source.code, at),
                    "no " + std::string(banned.name) + " here: " + std::string(banned.instead)});
}

}  // namespace

void check_banned_calls(const SourceText& source, Report& report) {
  const std::string_view module = find_module(source.path);
  if (!is_cpp(source.path) || module.empty() || is_outside(module)) return;
  const auto applies = [&source](const Banned& banned) {
    return !is_test(source.path) || banned.where == Where::product_and_tests;
  };
  const std::string_view code = source.plain;
  for (const Banned& banned : kNames) {
    if (!applies(banned)) continue;
    for (std::size_t at = find_word(code, banned.name, 0); at != npos;
         at = find_word(code, banned.name, at + 1)) {
      report_banned(source, banned, at, report);
    }
  }
  for (const Banned& banned : kCalls) {
    if (!applies(banned)) continue;
    for (std::size_t at = find_word(code, banned.name, 0); at != npos;
         at = find_word(code, banned.name, at + 1)) {
      if (is_c_call(code, at, banned.name.size())) report_banned(source, banned, at, report);
    }
  }
}

}  // namespace tidy
