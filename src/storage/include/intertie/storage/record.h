// What the log consists of: records, their place in the hash chain, and their bodies.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "intertie/core/time.h"
#include "intertie/crypto/digest.h"

namespace intertie::storage {

/// Made at random when a store is created and kept by its backups: tells two logs apart.
using Incarnation = std::array<std::uint8_t, 16>;

/// The index of a record. The first is 1; 0 means "before the first".
using LogIndex = std::uint64_t;

/// One record as the engine hands it over. The store adds the digests.
struct Record {
  LogIndex index = 0;
  core::Time time;            // Never decreases along the log.
  std::uint16_t kind = 0;     // The event type.
  std::uint16_t version = 1;  // Of the head's and body's format; see upcast.h.
  std::string head;           // What replay reads; at most limits::log_head_bytes_max.
  std::string body;           // What it does not; empty: none; at most limits::log_body_bytes_max.

  friend bool operator==(const Record&, const Record&) = default;
};

/// A record without its body, as it is read back. Valid only during the visitor's call.
struct HeadView {
  LogIndex index = 0;
  core::Time time;
  std::uint16_t kind = 0;
  std::uint16_t version = 1;
  std::string_view head;
  crypto::Digest body_digest{};  // Of the empty string if there is no body.
  crypto::Digest chain{};        // The chain's digest after this record.
};

enum class BodyState : std::uint8_t { none, present, erased };

struct Body {
  BodyState state = BodyState::none;
  std::string bytes;

  friend bool operator==(const Body&, const Body&) = default;
};

/// How far a log goes: its last index (0 when empty) and the chain's digest there.
struct LogPosition {
  LogIndex index = 0;
  crypto::Digest chain{};

  friend bool operator==(const LogPosition&, const LogPosition&) = default;
};

}  // namespace intertie::storage
