// Isolation levels: what each of them guarantees, and how they compare.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/topology/pool.h"

namespace intertie::execution {

/// The levels are the pool's words. The local runner offers process and namespace_; a request names
/// exactly one of them.
using topology::Isolation;

/// True when `offered` guarantees at least all that `wanted` does.
constexpr bool is_at_least(Isolation offered, Isolation wanted) { return offered >= wanted; }

/// What a level guarantees, one sentence each; for people and for the site's public record.
/// Empty for levels that the local runner does not offer.
std::span<const std::string_view> find_guarantees(Isolation level);

/// What a level does not guarantee, one sentence each.
std::span<const std::string_view> find_gaps(Isolation level);

/// The outcome of really starting a probe task at one level.
struct IsolationReport {
  Isolation level = Isolation::process;
  bool works = false;
  std::string failure;                  // Why it does not work; empty if it does.
  std::vector<std::string> guarantees;  // What the probe has seen to hold on this machine.
  std::vector<std::string> gaps;

  friend bool operator==(const IsolationReport&, const IsolationReport&) = default;
};
BOOST_DESCRIBE_STRUCT(IsolationReport, (), (level, works, failure, guarantees, gaps))

/// A named software environment that a site publishes, such as "python-3.11": what a task that
/// asks for it sees. `folders` are bound read-only at their own paths, `environment` is added to
/// the task's as "NAME=value".
struct Software {
  std::string name;
  std::string version;
  std::vector<std::string> folders;
  std::vector<std::string> environment;

  friend bool operator==(const Software&, const Software&) = default;
};
BOOST_DESCRIBE_STRUCT(Software, (), (name, version, folders, environment))

}  // namespace intertie::execution
