// The engine's log port over a real store: appends run on a thread of their own.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "intertie/engine/log_port.h"
#include "intertie/storage/store.h"

namespace intertie::service {

/// While one batch is being made durable the engine collects the next one. `wake` is called on the
/// store's thread when an outcome can be taken; it must not call back into this object.
class StoreThread final : public engine::LogPort {
 public:
  /// `store` outlives this object, and nobody else writes to it meanwhile.
  StoreThread(storage::Store& store, std::function<void()> wake);
  /// Waits for the append in flight.
  ~StoreThread() override;
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  void start_append(std::shared_ptr<const storage::Batch> batch) override;
  std::optional<core::Result<storage::LogPosition>> poll_append() override;

 private:
  void run();

  storage::Store& store_;
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const storage::Batch> batch_;  // To be appended.
  std::optional<core::Result<storage::LogPosition>> outcome_;
  bool is_stopping_ = false;
  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace intertie::service
