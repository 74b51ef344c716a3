// The lines between this region and others: a turn for what is sent, a measure for what comes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "intertie/api/backend.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/hub/machine.h"
#include "intertie/topology/region_lines.h"
#include "intertie/transfer/line_meter.h"
#include "intertie/transfer/line_pacer.h"

#include "deadlines.h"
#include "site_clock.h"
#include "worker_pool.h"

namespace intertie::service {

/// Shared by all transfers of this hub. Any thread; nothing here waits.
class LineTraffic {
 public:
  using Turn = std::function<void(core::Result<std::int64_t>)>;

  using Clock = std::function<core::Time()>;

  /// Both outlive this object. `clock` never goes back.
  LineTraffic(Deadlines& deadlines, WorkerPool& workers, Clock clock = read_boot_time)
      : deadlines_(deadlines), workers_(workers), clock_(std::move(clock)) {}

  /// Paces to what is registered and reserved from now on. On the engine's thread. O(lines);
  /// O(legs) if one began or ended.
  void look(const hub::HubMachine& machine);

  /// A turn to send (api::Backend::pace_line). `done` comes at once, on this thread, if the line is
  /// free or not registered; else later on a worker.
  void wait_turn(const api::LineUse& use, std::int64_t wanted, Turn done);

  /// What the hub should be told about the share of a transfer that has had turns: that it wants
  /// one (once in a while), or that all of it has been sent.
  std::optional<hub::Command> find_wish(const api::LineUse& use);

  /// Bytes that were given a turn to that region so far.
  std::int64_t count_sent(const std::string& region) const;

  /// One answer of another region's hub on its way here. From construction on the line is busy;
  /// until finish(), or the destructor (which counts no bytes).
  class Fetch {
   public:
    Fetch(LineTraffic& lines, std::string from);
    ~Fetch();
    Fetch(const Fetch&) = delete;
    Fetch& operator=(const Fetch&) = delete;
    void finish(std::int64_t bytes);

   private:
    LineTraffic& lines_;
    const std::string from_;
    bool is_over_ = false;
  };

  /// Another region's hub has brought so much in one request, whose body came in that time. What
  /// came with the head (0) measures nothing.
  void note_arrival(const std::string& region, std::int64_t bytes, core::Duration took);

  /// A question to that region's hub was answered after so long.
  void note_round_trip(const std::string& region, core::Duration taken);

  /// What the meters say of the line from there, if that is news: a rate when bytes have come since
  /// the last news of it, a delay when it has changed by an eighth.
  std::optional<hub::NoteLine> take_news(const std::string& region);

  /// Ends all waiting with `stopping`, and every later wait at once.
  void stop();

 private:
  struct Incoming {
    transfer::LineMeter meter;
    bool has_new_bytes = false;
    std::optional<core::Time> rate_told_at;
    std::optional<core::Duration> told_delay;
  };

  struct Booking {
    std::int64_t bytes = 0;
    core::Duration wait;
  };

  struct Leg {
    std::uint64_t number = 0;
    std::int64_t size = 0;
    std::int64_t sent = 0;
  };
  struct Line {
    std::int64_t bits_per_second = 0;
    transfer::LinePacer pacer;
    std::map<std::string, Leg> legs;         // By key.
    std::map<std::string, core::Time> told;  // By key: when the hub was told of its wish.
  };

  Line& take_line(const topology::RegionLine& registered, core::Time now);
  void take_legs(const hub::State& state, core::Time now);
  core::Result<Booking> book(const api::LineUse& use, std::int64_t wanted);
  void end_fetch(const std::string& from, std::int64_t bytes);
  void give_turn(std::uint64_t number, std::int64_t bytes);

  Deadlines& deadlines_;
  WorkerPool& workers_;
  const Clock clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Line> lines_;         // By receiving region.
  std::map<std::string, std::int64_t> sent_;  // Bytes that had a turn, likewise.
  std::uint64_t next_leg_ = 0;                // Of the state that was looked at, and its legs.
  std::size_t leg_count_ = 0;
  std::map<std::string, Incoming> incoming_;  // By sending region.
  std::map<std::uint64_t, Turn> waiting_;
  std::uint64_t next_ = 1;
  bool is_stopping_ = false;
};

}  // namespace intertie::service
