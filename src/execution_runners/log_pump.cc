// The pump.
#include "log_pump.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace intertie::execution_runners {
namespace {

constexpr int kMovesMax = 8;       // Of one buffer each, so that signals and deadlines get a turn.
constexpr int kLastMovesMax = 32;  // A pipe holds at most 1 MiB (pipe(7)) once nobody writes.
constexpr std::size_t kBufferBytes = 64u << 10;

}  // namespace

core::Result<LogPump> LogPump::create(int folder, const std::string& name, core::Bytes bytes_max) {
  LogPump pump;
  pump.bytes_max_ = bytes_max;
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  pump.file_.reset(::openat(folder, name.c_str(), flags, 0600));
  if (!pump.file_.is_open()) return make_io_error(name, errno);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return make_io_error("pipe", errno);
  pump.read_end_.reset(ends[0]);
  pump.write_end_.reset(ends[1]);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return pump;
}

void LogPump::keep(const char* bytes, std::size_t count) {
  const std::int64_t room = std::max(bytes_max_.count - written_.count, std::int64_t{0});
  const std::size_t kept = std::min(count, static_cast<std::size_t>(room));
  if (kept < count) is_truncated_ = true;
  if (kept == 0 || !file_.is_open()) return;
  if (write_all(file_.get(), {bytes, kept})) {
    written_.count += static_cast<std::int64_t>(kept);
    return;
  }
  // A full disk ends the log, not the task.
  is_truncated_ = true;
  bytes_max_ = written_;
}

void LogPump::move() {
  std::array<char, kBufferBytes> buffer;
  for (int round = 0; round < kMovesMax && read_end_.is_open(); ++round) {
    const ssize_t count = ::read(read_end_.get(), buffer.data(), buffer.size());
    if (count == 0) read_end_.reset();
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    keep(buffer.data(), static_cast<std::size_t>(count));
  }
}

void LogPump::finish() {
  for (int round = 0; round < kLastMovesMax && read_end_.is_open(); ++round) move();
  read_end_.reset();
  if (!is_truncated_) return;
  (void)write_all(file_.get(),
                  "\n[intertie: truncated after " + std::to_string(written_.count) + " bytes]\n");
}

}  // namespace intertie::execution_runners
