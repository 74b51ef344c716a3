// Disputed usage records as the index tells them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "intertie/api/views.h"
#include "intertie/core/result.h"
#include "intertie/hub/events.h"
#include "intertie/storage/store.h"

namespace intertie::api {

/// One dispute, and how it was resolved.
struct DisputeFacts {
  storage::LogIndex id = 0;  // Of its first event.
  core::Time at;
  std::variant<hub::UsageDisputed, hub::RemoteUsageDisputed, hub::ChargeContested> disputed;
  bool is_open = false;
  std::optional<hub::DisputeResolved> resolved;
  std::optional<core::Time> resolved_at;
  std::optional<hub::ContestResolved> contest;  // Instead, if another region's hub decided.

  /// The other region's hub, if it is one between two.
  std::optional<std::uint32_t> peer() const;
};

/// The dispute with this number; nothing if there is none. Open: as `is_open` says.
core::Result<std::optional<DisputeFacts>> read_dispute(storage::Reader& reader,
                                                       storage::LogIndex id, bool is_open);

/// A party's open disputes, or the others, newest first, after `after` (a log index), at most
/// `limit`.
core::Result<std::vector<DisputeFacts>> read_disputes(storage::Reader& reader, std::uint64_t party,
                                                      bool is_open,
                                                      std::optional<std::string> after,
                                                      std::size_t limit);

/// What follows from the events alone; names and what could be paid are added by the caller.
DisputeView make_dispute_view(const DisputeFacts& facts);

}  // namespace intertie::api
