// The streams of connected sites: rows of their outboxes out, questions out, answers in.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "intertie/api/backend.h"
#include "intertie/api/request.h"
#include "intertie/core/result.h"
#include "intertie/hub/machine.h"

#include "deadlines.h"
#include "fail_points.h"
#include "log.h"
#include "worker_pool.h"

namespace intertie::service {

/// Sends rows in their order and never more than a window beyond what the site has acknowledged:
/// a stream's queue is bounded, and a reader too far behind is cut off. attach() and look() belong
/// to the engine's thread; bodies are read and rows encoded on the sender, one thread.
class SiteRows {
 public:
  /// Gives the body of a log record, on the sender's thread.
  using ReadBody = std::function<core::Result<std::string>(storage::LogIndex index)>;

  SiteRows(WorkerPool& sender, ReadBody read_body, FailPoints& fail_points, Log& log)
      : sender_(sender), read_body_(std::move(read_body)), fail_points_(fail_points), log_(log) {}

  /// Rows after `after` go to this stream from now on; an older stream of the site is closed.
  void attach(std::uint32_t site, std::uint64_t after, std::shared_ptr<api::Stream> stream,
              const hub::HubMachine& machine, storage::LogIndex durable);

  /// Sends what has become durable. O(connected sites).
  void look(const hub::HubMachine& machine, storage::LogIndex durable);

  static constexpr std::uint64_t kWindowRows = 256;
  static constexpr std::size_t kWindowBytes = 2u << 20;  // Of payloads; one row always fits.

 private:
  struct Link {
    std::shared_ptr<api::Stream> stream;
    std::shared_ptr<std::atomic<bool>> is_closed;
    std::uint64_t sent = 0;
    std::deque<std::pair<std::uint64_t, std::size_t>> unacknowledged;  // Number, bytes.
    std::size_t bytes = 0;
  };
  struct Row {
    std::uint64_t number = 0;
    std::uint64_t attachment = 0;
    std::string payload;
  };
  void send_rows(Link& link, const engine::Outbox& outbox, storage::LogIndex durable);
  void write_rows(api::Stream& stream, const std::vector<Row>& rows);

  WorkerPool& sender_;
  const ReadBody read_body_;
  FailPoints& fail_points_;
  Log& log_;
  std::map<std::uint32_t, Link> links_;
};

/// Questions to sites about files, and their answers. Any thread.
class SiteAsks {
 public:
  using Done = std::function<void(core::Result<api::SiteFilePiece>)>;

  /// How long a site may take.
  static constexpr core::Duration kTimeLimit = core::seconds(10);
  static constexpr std::size_t kAsksMax = 10'000;

  explicit SiteAsks(Deadlines& deadlines) : deadlines_(deadlines) {}

  /// Questions for the site go to this stream; those that an older one took with it are asked
  /// again, since reading changes nothing.
  void attach(std::uint32_t site, std::shared_ptr<api::Stream> stream);

  /// `done` once: with the piece; unreachable: no stream; timed_out; overloaded.
  void ask(const api::SiteFileRequest& request, Done done);

  /// An answer of the site; one that nobody waits for, or another site's, is ignored.
  void take_answer(std::uint32_t site, std::uint64_t ask, core::Result<api::SiteFilePiece> piece);

  /// Connected sites now.
  std::size_t streams();

  /// Ends all questions with `stopping` and closes the streams.
  void stop();

 private:
  struct Pending {
    std::uint32_t site = 0;
    Deadlines::Id deadline = 0;
    Done done;
    std::string question;  // api::AskData as JSON.
  };
  void finish(std::uint64_t ask, core::Result<api::SiteFilePiece> piece);

  Deadlines& deadlines_;
  std::mutex mutex_;
  std::map<std::uint32_t, std::shared_ptr<api::Stream>> streams_;
  std::map<std::uint64_t, Pending> pending_;
  std::uint64_t next_ = 1;
  bool is_stopping_ = false;
};

}  // namespace intertie::service
