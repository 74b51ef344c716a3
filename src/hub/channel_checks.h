// What both kinds of channel check when the other side opens one (ARCHITECTURE.md, idea 5).
#pragma once

#include <string>

#include "intertie/core/result.h"
#include "intertie/engine/channel.h"

namespace intertie::hub {

/// What this side remembers. `incarnation`: of the other side's log; empty: never opened.
struct ChannelMemory {
  const engine::Outbox& outbox;
  const engine::Inbox& inbox;
  const std::string& incarnation;
};

/// Numbers and texts of a hello that nobody sound exceeds: out_of_range, bad_field.
core::Result<void> check_hello(const engine::ChannelHello& hello);

/// Whether the two sides remember the same history: channel_diverged, or as check_hello.
core::Result<void> check_channel(const ChannelMemory& memory, const engine::ChannelHello& hello);

}  // namespace intertie::hub
