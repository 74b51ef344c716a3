// Pulling datasets.
#include "intertie/transfer_wire/puller.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "intertie/transfer/pacing.h"

namespace intertie::transfer_wire {
namespace {

using std::chrono::steady_clock;

constexpr core::Bytes kBurst{1 << 20};
constexpr core::Duration kWaitMax = core::milliseconds(200);

core::Time read_steady() {
  return {
      std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now().time_since_epoch())
          .count()};
}

bool is_final(core::Reason reason) {
  return reason == core::Reason::not_found || reason == core::Reason::denied ||
         reason == core::Reason::data_policy || reason == core::Reason::certificate_refused ||
         reason == core::Reason::not_signed_in || reason == core::Reason::bad_key;
}

}  // namespace

struct Puller::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_interrupted = false;
  std::set<const ChunkSource*> active;
};

/// One pull. Members below the mutex's line are guarded by Shared::mutex.
class Puller::Run {
 public:
  Run(Puller& owner, std::string dataset_owner, const crypto::Digest& root,
      const transfer::Manifest& manifest, const transfer::ChunkJournal& journal,
      const std::vector<SourceFactory>& sources)
      : owner_(owner),
        shared_(*owner.shared_),
        dataset_owner_(std::move(dataset_owner)),
        root_(root),
        size_(manifest.size),
        sources_(sources),
        plan_(manifest, journal, static_cast<std::uint32_t>(sources.size()), owner.options_.rules) {
    if (owner.options_.bytes_per_second) {
      pacer_.emplace(*owner.options_.bytes_per_second, kBurst, read_steady());
    }
  }

  void work() {
    std::map<std::uint32_t, std::unique_ptr<ChunkSource>> connections;
    std::unique_lock lock(shared_.mutex);
    while (!is_over()) {
      const core::Time now = read_steady();
      const auto order = plan_.start_next(now);
      if (!order) {
        const core::Duration pause = std::min(plan_.get_next_wake(now) - now, kWaitMax);
        shared_.changed.wait_for(
            lock, std::chrono::microseconds(std::max<std::int64_t>(pause.count, 1'000)));
        continue;
      }
      lock.unlock();
      auto& connection = connections[order->source];
      if (!connection) connection = sources_[order->source]();
      follow(*order, *connection);
      lock.lock();
      shared_.changed.notify_all();
    }
    shared_.changed.notify_all();
  }

  std::optional<core::Error> get_failure() const {
    if (fatal_) return fatal_;
    return plan_.is_done() ? std::nullopt : plan_.failure();
  }
  void report(PullReport& report) const {
    report.bytes_received = bytes_received_;
    report.bytes_wasted = plan_.bytes_wasted();
    report.cuts = cuts_;
  }

 private:
  bool is_over() {
    if (shared_.is_interrupted && !fatal_) fatal_ = core::Error{core::Reason::stopping, "pull"};
    return fatal_ || plan_.is_done() || plan_.failure();
  }

  // What came over earlier cuts stays in the writer.
  core::Result<ChunkWriter*> get_writer(const transfer::FetchOrder& order) {
    ChunkWriter* writer = nullptr;
    {
      const std::lock_guard lock(shared_.mutex);
      const auto found = writers_.find(order.chunk);
      if (found != writers_.end()) writer = &found->second;
    }
    if (writer == nullptr) {
      auto opened = owner_.store_.open_chunk(dataset_owner_, root_, order.chunk);
      if (!opened) return opened.error();
      const std::lock_guard lock(shared_.mutex);
      writer = &writers_.insert_or_assign(order.chunk, std::move(*opened)).first->second;
    }
    if (writer->size() != order.kept) {
      if (auto done = writer->restart(); !done) return done.error();
    }
    return writer;
  }

  void follow(const transfer::FetchOrder& order, ChunkSource& source) {
    const auto writer = get_writer(order);
    if (!writer) return stop(writer.error());
    bool is_too_long = false;
    std::uint64_t left = order.span.length;
    const auto sink = [&](std::string_view piece) -> core::Result<void> {
      if (piece.size() > left) {
        is_too_long = true;
        return {core::Reason::too_large, "more bytes than were asked for"};
      }
      left -= piece.size();
      return take(order, **writer, piece);
    };
    {
      const std::lock_guard lock(shared_.mutex);
      shared_.active.insert(&source);
      if (shared_.is_interrupted) source.interrupt();
    }
    const auto done = source.read(root_, order.span, sink);
    {
      const std::lock_guard lock(shared_.mutex);
      shared_.active.erase(&source);
    }
    if (is_too_long) return end_wrong(order);
    if (left > 0) return end_early(order, done);
    finish(order, **writer);
  }

  core::Result<void> take(const transfer::FetchOrder& order, ChunkWriter& writer,
                          std::string_view piece) {
    if (auto done = writer.add(piece); !done) {
      stop(done.error());
      return done;
    }
    core::Time ready{INT64_MIN};
    {
      const std::lock_guard lock(shared_.mutex);
      const core::Time now = read_steady();
      bytes_received_ += piece.size();
      plan_.note_bytes(order.chunk, piece.size(), now);
      const auto slow = plan_.list_slow(now);
      if (std::ranges::find(slow, order.chunk) != slow.end()) {
        return {core::Reason::timed_out, "slower than transfer_bytes_per_second_min"};
      }
      if (pacer_) {
        // Bytes that are here cannot be sent back: the next ones wait, and with them the sender.
        debt_ += static_cast<std::int64_t>(piece.size());
        debt_ -= pacer_->take(debt_, now);
        if (debt_ > 0) ready = pacer_->get_ready_time(std::min(debt_, kBurst.count), now);
      }
      const std::uint64_t here = plan_.bytes_verified() + piece.size();
      if (owner_.options_.on_progress) owner_.options_.on_progress(std::min(here, size_), size_);
    }
    const core::Time now = read_steady();
    if (ready > now) {
      std::unique_lock lock(shared_.mutex);
      shared_.changed.wait_for(lock, std::chrono::microseconds((ready - now).count),
                               [this] { return shared_.is_interrupted; });
    }
    return {};
  }

  void finish(const transfer::FetchOrder& order, ChunkWriter& writer) {
    const auto done = owner_.store_.finish_chunk(writer, owner_.options_.clock());
    if (!done && done.error().reason == core::Reason::bad_digest) return end_wrong(order);
    if (!done) return stop(done.error());
    const std::lock_guard lock(shared_.mutex);
    plan_.end_verified(order.chunk);
    writers_.erase(order.chunk);
  }

  void end_wrong(const transfer::FetchOrder& order) {
    const std::lock_guard lock(shared_.mutex);
    ++cuts_;
    plan_.end_wrong(order.chunk, read_steady());
  }

  void end_early(const transfer::FetchOrder& order, const core::Result<void>& done) {
    const core::Error error =
        done ? core::Error{core::Reason::unreachable, "the source ended early"} : done.error();
    const std::lock_guard lock(shared_.mutex);
    ++cuts_;
    if (error.reason == core::Reason::stopping && !fatal_) fatal_ = error;
    if (is_final(error.reason)) plan_.drop_source(order.source, error);
    plan_.end_failed(order.chunk, error, false, read_steady());
  }

  // The store cannot take more: no source helps.
  void stop(const core::Error& error) {
    const std::lock_guard lock(shared_.mutex);
    if (!fatal_) fatal_ = error;
  }

  Puller& owner_;
  Shared& shared_;
  const std::string dataset_owner_;
  const crypto::Digest root_;
  const std::uint64_t size_;
  const std::vector<SourceFactory>& sources_;

  transfer::FetchPlan plan_;
  std::optional<transfer::Pacer> pacer_;
  std::int64_t debt_ = 0;
  std::map<std::uint32_t, ChunkWriter> writers_;
  std::optional<core::Error> fatal_;
  std::uint64_t bytes_received_ = 0;
  std::uint32_t cuts_ = 0;
};

Puller::Puller(ContentStore& store, PullOptions options)
    : store_(store), options_(std::move(options)), shared_(std::make_unique<Shared>()) {}

Puller::~Puller() = default;

core::Result<PullReport> Puller::pull(const std::string& owner, const crypto::Digest& root,
                                      const std::vector<SourceFactory>& sources) {
  const auto manifest = store_.get_manifest(owner, root);
  if (!manifest) return manifest.error();
  const auto journal = store_.get_journal(owner, root);
  if (!journal) return journal.error();
  PullReport report;
  report.started = options_.clock();
  Run run(*this, owner, root, **manifest, *journal, sources);
  const std::uint32_t missing = journal->size() - journal->count();
  std::vector<std::thread> helpers;
  for (std::uint32_t i = 1; i < std::min(missing, options_.rules.in_flight_max); ++i) {
    helpers.emplace_back([&run] { run.work(); });
  }
  run.work();
  for (std::thread& helper : helpers) helper.join();
  run.report(report);
  report.ended = options_.clock();
  if (const auto failure = run.get_failure()) return *failure;
  auto info = store_.find(owner, {transfer::DatasetKey::Kind::root, root, {}, {}});
  if (!info) return info.error();
  report.dataset = std::move(*info);
  return report;
}

void Puller::interrupt() {
  const std::lock_guard lock(shared_->mutex);
  shared_->is_interrupted = true;
  for (const ChunkSource* source : shared_->active) source->interrupt();
  shared_->changed.notify_all();
}

}  // namespace intertie::transfer_wire
