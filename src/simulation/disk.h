// A disk under virtual time: an engine's log that takes a while, fails, fills up and crashes.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "intertie/engine/log_port.h"
#include "intertie/storage/memory_store.h"

#include "world.h"

namespace intertie::simulation {

/// What the disk does to appends. `failing`: some are refused, some are written but not
/// acknowledged. `full`: all are refused.
enum class DiskMood : std::uint8_t { sound, slow, failing, full };

class Disk final : public engine::LogPort {
 public:
  /// `on_done` is called when the outcome of an append can be taken, until the next crash.
  Disk(World& world, std::uint16_t number, std::function<void()> on_done);

  /// Opens the store, as a process does that starts.
  void open();

  /// The process is gone. What was not acknowledged stays on the disk or not, by chance.
  void crash();

  /// After a crash: replaces everything by a backup of the log up to this record.
  void restore(storage::LogIndex last);

  void set_mood(DiskMood mood) { mood_ = mood; }

  storage::Store& store() { return *store_; }
  storage::Reader& reader() { return *reader_; }
  storage::Snapshots& snapshots() { return *snapshots_; }

  void start_append(std::shared_ptr<const storage::Batch> batch) override;
  std::optional<core::Result<storage::LogPosition>> poll_append() override;

 private:
  core::Result<void> pass(storage::FailPoint point);
  void finish();

  World& world_;
  std::function<void()> on_done_;
  storage::Incarnation incarnation_;
  std::unique_ptr<storage::MemoryDisk> disk_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::Reader> reader_;
  std::unique_ptr<storage::Snapshots> snapshots_;
  std::shared_ptr<const storage::Batch> batch_;
  std::optional<core::Result<storage::LogPosition>> outcome_;
  DiskMood mood_ = DiskMood::sound;
  std::uint64_t life_ = 0;  // Counts crashes: what an earlier process asked for never finishes.
};

}  // namespace intertie::simulation
