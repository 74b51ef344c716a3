// Task keys, peers and ends.
#include "intertie/execution/task.h"

#include <charconv>
#include <utility>

namespace intertie::execution {
namespace {

constexpr std::uint32_t kPeersPerBlock = 250;

/// Reads one decimal without sign or leading zeros and moves `text` behind it.
template <class Number>
bool parse_number(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || text.front() == '-') return false;
  const auto length = static_cast<std::size_t>(end - text.data());
  if (length > 1 && text.front() == '0') return false;
  text.remove_prefix(length);
  return true;
}

bool take_dot(std::string_view& text) {
  if (!text.starts_with('.')) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string to_text(const TaskKey& key) {
  return std::to_string(key.job) + "." + std::to_string(key.attempt) + "." +
         std::to_string(key.rank);
}

core::Result<TaskKey> parse_task_key(std::string_view text) {
  TaskKey key;
  std::string_view rest = text;
  const bool is_read = parse_number(rest, key.job) && take_dot(rest) &&
                       parse_number(rest, key.attempt) && take_dot(rest) &&
                       parse_number(rest, key.rank);
  if (!is_read || !rest.empty()) {
    return {core::Reason::bad_field, "expected a task key as job.attempt.rank"};
  }
  return key;
}

std::size_t hash_value(const TaskKey& key) {
  // Finaliser of SplitMix64 (Steele, Lea and Flood, 2014) over both words.
  std::uint64_t mixed = key.job * 0x9E3779B97F4A7C15u;
  mixed ^= (std::uint64_t{key.attempt} << 32) | key.rank;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
  return static_cast<std::size_t>(mixed ^ (mixed >> 31));
}

std::vector<std::string> compute_peers(std::uint32_t size) {
  std::vector<std::string> peers;
  peers.reserve(size);
  for (std::uint32_t rank = 0; rank < size; ++rank) {
    peers.push_back("127.77." + std::to_string(rank / kPeersPerBlock) + "." +
                    std::to_string(rank % kPeersPerBlock + 1));
  }
  return peers;
}

std::optional<core::Reason> compute_reason(const TaskResult& result) {
  switch (result.end) {
    case TaskEnd::exited:
      if (result.exit_code == 0) return std::nullopt;
      return core::Reason::exited_nonzero;
    case TaskEnd::signalled:
      return core::Reason::killed_by_signal;
    case TaskEnd::time_limit:
      return core::Reason::time_limit;
    case TaskEnd::memory_limit:
      return core::Reason::memory_limit;
    case TaskEnd::lease_lapsed:
      return core::Reason::lease_lapsed;
    case TaskEnd::cancelled:
      return core::Reason::cancelled_by_user;
    case TaskEnd::start_failed:
      return core::Reason::start_failed;
    case TaskEnd::lost:
      return core::Reason::node_lost;
  }
  return core::Reason::internal;
}

}  // namespace intertie::execution
