// How the engine reaches the log: one append at a time, finished later.
#pragma once

#include <memory>
#include <optional>

#include "intertie/core/result.h"
#include "intertie/storage/store.h"

namespace intertie::engine {

/// The real one hands the batch to a thread that owns the store; the simulated one finishes after
/// virtual time. Called from the engine's thread only.
class LogPort {
 public:
  virtual ~LogPort() = default;

  /// Begins to make the batch durable. Not called while another append is unfinished.
  virtual void start_append(std::shared_ptr<const storage::Batch> batch) = 0;

  /// The outcome of the append in flight, once; nothing while it is still running.
  virtual std::optional<core::Result<storage::LogPosition>> poll_append() = 0;
};

}  // namespace intertie::engine
