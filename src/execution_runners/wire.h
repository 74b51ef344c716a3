// What launcher and runner say to each other: one described message in each packet.
//
// The socket is a SOCK_SEQPACKET one, so packets keep their borders. Fields may only be appended
// (an agent may be newer than the launcher it finds). A start carries its RunRequest in sealed
// memory beside the packet: it may be large, and its secrets never lie in the launcher's memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/execution/task.h"

#include "descriptor.h"

namespace intertie::execution_runners {

inline constexpr std::size_t kPacketBytesMax = 64u << 10;
inline constexpr std::string_view kSocketName = "launcher.sock";
inline constexpr std::string_view kLockName = "launcher.lock";
inline constexpr std::string_view kComplaintsName = "launcher.log";
inline constexpr std::string_view kTasksName = "tasks";

enum class Verb : std::uint8_t { start, cancel, extend_lease, acknowledge, list, stop };
BOOST_DESCRIBE_ENUM(Verb, start, cancel, extend_lease, acknowledge, list, stop)

/// From the runner. `network`: the gang's network of a start; empty = none.
struct Call {
  Verb verb = Verb::list;
  execution::TaskKey key;
  std::optional<core::Duration> lease;  // start, extend_lease: from the packet's arrival.
  std::string network;
  bool cancel_all = false;  // stop.
  std::optional<std::uint32_t> run_as;
};
BOOST_DESCRIBE_STRUCT(Call, (), (verb, key, lease, network, cancel_all, run_as))

enum class Notice : std::uint8_t { started, ended, listed, list_end };
BOOST_DESCRIBE_ENUM(Notice, started, ended, listed, list_end)

/// To the runner. listed: one for each task, then list_end.
struct Tell {
  Notice notice = Notice::list_end;
  execution::TaskKey key;
  std::optional<execution::TaskResult> result;
  std::optional<core::Time> started;
  execution::Measured measured;
};
BOOST_DESCRIBE_STRUCT(Tell, (), (notice, key, result, started, measured))

std::string encode(const Call& call);
std::string encode(const Tell& tell);
std::string encode(const execution::RunRequest& request);
core::Result<Call> decode_call(std::string_view bytes);
core::Result<Tell> decode_tell(std::string_view bytes);
core::Result<execution::RunRequest> decode_request(std::string_view bytes);

/// Results are kept as JSON: people and tests read them.
std::string encode_result(const execution::TaskResult& result);
core::Result<execution::TaskResult> decode_result(std::string_view text);

}  // namespace intertie::execution_runners
