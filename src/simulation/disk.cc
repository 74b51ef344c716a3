#include "disk.h"

#include <limits>
#include <utility>

namespace intertie::simulation {

Disk::Disk(World& world, std::uint16_t number, std::function<void()> on_done)
    : world_(world),
      on_done_(std::move(on_done)),
      incarnation_{1, static_cast<std::uint8_t>(number), static_cast<std::uint8_t>(number >> 8)},
      disk_(std::make_unique<storage::MemoryDisk>(incarnation_)) {}

void Disk::open() {
  store_ = storage::open_memory_store(*disk_, [this](storage::FailPoint point) {
             return pass(point);
           }).value();
  reader_ = store_->open_reader().value();
  snapshots_ = store_->open_snapshots().value();
}

void Disk::crash() {
  ++life_;
  const bool is_kept = world_.random.chance(1, 2);
  if (batch_ != nullptr && !outcome_ && is_kept) {
    mood_ = DiskMood::sound;
    (void)store_->append(*batch_);
  }
  batch_.reset();
  outcome_.reset();
  reader_.reset();
  snapshots_.reset();
  store_.reset();
  disk_->crash(is_kept);
}

// The same records under the same incarnation give the same chain.
void Disk::restore(storage::LogIndex last) {
  auto backup = std::make_unique<storage::MemoryDisk>(incarnation_);
  {
    const auto from = storage::open_memory_store(*disk_).value();
    const auto reader = from->open_reader().value();
    const auto to = storage::open_memory_store(*backup).value();
    const auto copy = [&](const storage::HeadView& head) {
      if (head.index > last) return false;
      auto body = reader->read_body(head.index);
      storage::Batch batch;
      batch.records.push_back({head.index, head.time, head.kind, head.version,
                               std::string(head.head), body ? std::move(body->bytes) : ""});
      return to->append(batch).has_value();
    };
    (void)reader->read_heads(1, std::numeric_limits<std::uint32_t>::max(), copy);
  }
  disk_ = std::move(backup);
}

void Disk::start_append(std::shared_ptr<const storage::Batch> batch) {
  batch_ = std::move(batch);
  const core::Duration latency =
      mood_ == DiskMood::slow ? world_.between(core::milliseconds(200), core::seconds(20))
                              : world_.between(core::microseconds(500), core::milliseconds(4));
  world_.queue.after(latency, [this, life = life_] {
    if (life == life_) finish();
  });
}

void Disk::finish() {
  outcome_ = store_->append(*batch_);
  if (outcome_->has_value()) batch_.reset();
  on_done_();
}

std::optional<core::Result<storage::LogPosition>> Disk::poll_append() {
  return std::exchange(outcome_, std::nullopt);
}

core::Result<void> Disk::pass(storage::FailPoint point) {
  if (point != storage::FailPoint::append_before_commit &&
      point != storage::FailPoint::append_after_commit) {
    return {};
  }
  const bool is_refused = mood_ == DiskMood::full
                              ? point == storage::FailPoint::append_before_commit
                              : mood_ == DiskMood::failing && world_.random.chance(1, 3);
  if (!is_refused) return {};
  return {core::Reason::store_unavailable, "the simulated disk refuses"};
}

}  // namespace intertie::simulation
