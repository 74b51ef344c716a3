// Waiting for the lead of a hub whose database other processes may lead on.
#pragma once

#include <string>

#include "intertie/core/result.h"

#include "session/stop_signal.h"
#include "session/terminal.h"

namespace intertie::cli {

/// Returns when nobody leads on `store` any more or when it cannot be said, so that it is worth
/// trying to lead; false: when the process is to stop. Says what it waits for when that changes.
class Standby {
 public:
  Standby(std::string store, const Terminal& terminal, const StopSignal& stop)
      : store_(std::move(store)), terminal_(terminal), stop_(stop) {}

  bool wait_for_lead();

  /// After a try that failed: whether to try again. Only what passes by itself is waited for.
  bool wait_after(const core::Error& error);

 private:
  void say_once(const std::string& text);

  const std::string store_;
  const Terminal& terminal_;
  const StopSignal& stop_;
  std::string said_;
};

}  // namespace intertie::cli
