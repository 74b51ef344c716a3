// Carries a task's output from its pipe to its log file, up to a limit.
#pragma once

#include <cstdint>
#include <string>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"

#include "descriptor.h"

namespace intertie::execution_runners {

/// The pipe is always drained, so a task that floods its output neither blocks nor fills the disk;
/// what is beyond the limit is dropped and a note is left at the end of the file.
class LogPump {
 public:
  /// Makes the file `name` in `folder`, which must not exist yet, and the pipe.
  static core::Result<LogPump> create(int folder, const std::string& name, core::Bytes bytes_max);

  /// The end the task writes to; close it after the start.
  int write_end() const { return write_end_.get(); }
  void close_write_end() { write_end_.reset(); }
  /// Readable when move() has something to do; -1 once the pipe has been closed by all writers.
  int read_end() const { return read_end_.get(); }

  /// Moves what is there without blocking, at most a few hundred KiB.
  void move();
  /// Moves what is left and writes the note if something was dropped.
  void finish();

  core::Bytes written() const { return written_; }
  bool is_truncated() const { return is_truncated_; }

 private:
  LogPump() = default;
  void keep(const char* bytes, std::size_t count);

  Descriptor file_;
  Descriptor read_end_;
  Descriptor write_end_;
  core::Bytes bytes_max_;
  core::Bytes written_;
  bool is_truncated_ = false;
};

}  // namespace intertie::execution_runners
