// What to ask whom for next while a dataset is fetched. Pure: bytes, clocks and sockets are
// outside.
//
// Each missing chunk is asked of one source at a time. A cut keeps what has come: the same source
// goes on behind it, so nothing is sent twice; another source begins the chunk anew, so that a
// chunk that does not verify has exactly one sender to blame. A source that sent a wrong chunk is
// not asked for that chunk again, and after kWrongChunksMax of them for nothing at all. A source
// that fails rests for a doubling pause. One that is slower than the minimum over the window is cut
// off and counts as failed. The fetch gives up when a chunk has no source left, or after
// FetchRules::failures_max failures without a verified chunk, or as many bytes, in between.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "intertie/core/limits.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/transfer/journal.h"
#include "intertie/transfer/manifest.h"

namespace intertie::transfer {

struct FetchRules {
  std::uint32_t in_flight_max = 4;
  std::uint32_t in_flight_per_source_max = 4;
  core::Duration backoff_first = core::milliseconds(100);
  core::Duration backoff_max = core::seconds(30);
  std::int64_t bytes_per_second_min = core::limits::transfer_bytes_per_second_min;
  core::Duration rate_window = core::limits::transfer_rate_window;
  std::uint32_t failures_max = core::limits::transfer_failures_max;
  /// Orders that were too slow or not answered in time, before the fetch gives up: for one that can
  /// go on in another way. One that cannot has no such limit: each of them is a failure as well, so
  /// failures_max in a row without a chunk's bytes in between end it, however slow it is.
  std::uint32_t slow_max = UINT32_MAX;
};

/// A request to make: bytes `span` of the dataset, which end the chunk.
struct FetchOrder {
  std::uint32_t chunk = 0;
  std::uint32_t source = 0;
  ByteSpan span;
  /// Bytes of the chunk that came earlier from this source.
  std::uint64_t kept = 0;
  friend bool operator==(const FetchOrder&, const FetchOrder&) = default;
};

/// Thread-confined.
class FetchPlan {
 public:
  static constexpr std::uint32_t kWrongChunksMax = 3;

  /// `manifest` is checked; `journal` says what is here already; sources are 0 to `sources` - 1.
  FetchPlan(const Manifest& manifest, const ChunkJournal& journal, std::uint32_t sources,
            FetchRules rules);

  /// What to start now; nothing if enough is in flight or all sources rest. The order is under way
  /// until one of the four below ends it.
  std::optional<FetchOrder> start_next(core::Time now);

  /// Bytes of the chunk have come and are kept. No more than the span that was ordered.
  void note_bytes(std::uint32_t chunk, std::uint64_t bytes, core::Time now);
  /// All bytes are here and verify.
  void end_verified(std::uint32_t chunk);
  /// All bytes are here, or more than asked for, and do not verify; they are dropped.
  void end_wrong(std::uint32_t chunk, core::Time now);
  /// The connection broke, the source refused, or the order was too slow. What came is kept unless
  /// `are_bytes_lost`.
  void end_failed(std::uint32_t chunk, const core::Error& error, bool are_bytes_lost,
                  core::Time now);
  /// The source does not have it, or may not give it: it is asked for nothing more.
  void drop_source(std::uint32_t source, const core::Error& error);

  /// Orders whose source was slower than the minimum for a whole window: to be broken off.
  std::vector<std::uint32_t> list_slow(core::Time now) const;

  /// When start_next may have something new, if nothing ends before; kNever: not by itself.
  core::Time get_next_wake(core::Time now) const;

  bool is_done() const { return verified_ == chunks_.size(); }
  /// Why it cannot be finished. Orders under way may still end.
  const std::optional<core::Error>& failure() const { return failure_; }
  std::uint32_t in_flight() const { return in_flight_; }
  std::uint64_t bytes_verified() const { return bytes_verified_; }
  /// Bytes that came and were dropped.
  std::uint64_t bytes_wasted() const { return bytes_wasted_; }

 private:
  enum class ChunkState : std::uint8_t { missing, in_flight, verified };
  struct Chunk {
    ChunkState state = ChunkState::missing;
    std::uint32_t source = 0;  // Of what was kept, or of the order under way.
    std::uint64_t kept = 0;
    std::set<std::uint32_t> wrong_sources;
  };
  struct Source {
    std::uint32_t in_flight = 0;
    std::uint32_t failures = 0;  // In a row.
    std::uint32_t wrong_chunks = 0;
    bool is_dropped = false;
    core::Time rests_until{INT64_MIN};
    std::optional<core::Error> last_error;
  };
  struct Watch {
    core::Time window_start;
    std::int64_t window_bytes = 0;
  };

  bool can_ask(const Source& source, core::Time now) const;
  std::optional<std::uint32_t> choose_source(const Chunk& chunk, core::Time now) const;
  void release(std::uint32_t chunk);
  bool rest(Source& source, core::Time now) const;
  void check_hope(std::uint32_t chunk);

  const Manifest manifest_;
  const FetchRules rules_;
  std::vector<Chunk> chunks_;
  std::vector<Source> sources_;
  std::set<std::uint32_t> missing_;         // Ascending: files arrive from the front.
  std::map<std::uint32_t, Watch> watches_;  // Of chunks in flight.
  std::optional<core::Error> failure_;
  std::uint64_t bytes_verified_ = 0;
  std::uint64_t bytes_wasted_ = 0;
  std::uint32_t verified_ = 0;
  std::uint32_t in_flight_ = 0;
  std::uint32_t failures_ = 0;
  std::uint32_t slow_ = 0;
  std::uint64_t bytes_since_ = 0;  // The last failure that found none.
};

}  // namespace intertie::transfer
