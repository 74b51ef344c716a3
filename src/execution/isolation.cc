// Texts of the isolation levels.
#include "intertie/execution/isolation.h"

#include <array>

namespace intertie::execution {
namespace {

constexpr std::array<std::string_view, 5> kProcessGuarantees = {
    "The task has a session of its own, and all its processes end with it.",
    "It cannot gain privileges, and the kernel interfaces on the deny-list are closed to it.",
    "It inherits no descriptor and no environment of the agent.",
    "Its processes, open files and logs are limited.",
    "Without a granted network it cannot open internet sockets.",
};
constexpr std::array<std::string_view, 5> kProcessGaps = {
    "It sees the host's file names and reads what is readable by everybody.",
    "It sees the host's other processes, host name and network interfaces.",
    "With a granted network it has the host's, loopback included.",
    "Shared memory has the host's size; it is private as far as its user is its own.",
    "The disk that its work folder lies on is shared, names on it included.",
};
constexpr std::array<std::string_view, 7> kNamespaceGuarantees = {
    "All that the level process guarantees.",
    "It runs as an unprivileged user outside and inside its namespaces, without capabilities.",
    "It sees only system programs, read-only, and its own files; never another job's or the "
    "host's.",
    "It sees no process but its own.",
    "It has no network, or one shared with its own gang only, unless the host's was granted.",
    "It shares no inter-process memory, host name or control group view with anything else.",
    "Its temporary and shared-memory space is private and limited.",
};
constexpr std::array<std::string_view, 3> kNamespaceGaps = {
    "It shares the host's kernel.",
    "The disk that its work folder lies on is shared, names on it included.",
    "It shares memory bandwidth and caches with its neighbours.",
};

}  // namespace

std::span<const std::string_view> find_guarantees(Isolation level) {
  if (level == Isolation::process) return kProcessGuarantees;
  if (level == Isolation::namespace_) return kNamespaceGuarantees;
  return {};
}

std::span<const std::string_view> find_gaps(Isolation level) {
  if (level == Isolation::process) return kProcessGaps;
  if (level == Isolation::namespace_) return kNamespaceGaps;
  return {};
}

}  // namespace intertie::execution
