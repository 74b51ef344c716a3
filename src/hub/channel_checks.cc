#include "channel_checks.h"

#include <cstdint>

#include "intertie/crypto/digest.h"

namespace intertie::hub {
namespace {

constexpr std::size_t kIncarnationBytesMax = 128;
constexpr std::uint64_t kNumberMax = std::uint64_t{1} << 53;

}  // namespace

core::Result<void> check_hello(const engine::ChannelHello& hello) {
  if (hello.sent > kNumberMax || hello.received > kNumberMax) {
    return {core::Reason::out_of_range, "hello: numbers"};
  }
  if (hello.incarnation.empty() || hello.incarnation.size() > kIncarnationBytesMax) {
    return {core::Reason::bad_field, "hello: incarnation"};
  }
  if (!crypto::parse_digest(hello.received_hash) || !crypto::parse_digest(hello.sent_hash)) {
    return {core::Reason::bad_field, "hello: hashes"};
  }
  return {};
}

core::Result<void> check_channel(const ChannelMemory& memory, const engine::ChannelHello& hello) {
  if (const auto checked = check_hello(hello); !checked) return checked.error();
  if (!memory.incarnation.empty() && memory.incarnation != hello.incarnation) {
    return {core::Reason::channel_diverged, "another incarnation of the other side's log"};
  }
  const auto received_hash = crypto::parse_digest(hello.received_hash);
  const auto sent_hash = crypto::parse_digest(hello.sent_hash);
  if (const auto checked = memory.outbox.check_receiver(hello.received, *received_hash); !checked) {
    return checked.error();
  }
  if (hello.sent < memory.inbox.received ||
      (hello.sent == memory.inbox.received && *sent_hash != memory.inbox.hash)) {
    return {core::Reason::channel_diverged,
            "the other side has sent " + std::to_string(hello.sent) + ", this hub remembers " +
                std::to_string(memory.inbox.received)};
  }
  return {};
}

}  // namespace intertie::hub
