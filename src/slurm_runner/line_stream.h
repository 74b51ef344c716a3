// Lines of JSON over a TCP connection that never blocks.
#pragma once

#include <string>
#include <vector>

#include "intertie/core/result.h"

#include "descriptor.h"

namespace intertie::slurm_runner {

inline constexpr std::size_t kLineBytesMax = 512u << 10;

class LineStream {
 public:
  LineStream() = default;
  explicit LineStream(Descriptor socket) : socket_(std::move(socket)) {}

  int get() const { return socket_.get(); }
  bool is_open() const { return socket_.is_open(); }
  bool has_unsent() const { return !out_.empty(); }
  void close() {
    socket_.reset();
    in_.clear();
    out_.clear();
  }

  /// Keeps what cannot be sent now. Closes itself on an error, or if too much waits.
  void send(const std::string& line);
  void flush();
  /// Whole lines that have arrived; closes itself at the end, on an error, or at a line too long.
  std::vector<std::string> receive();

 private:
  Descriptor socket_;
  std::string in_;
  std::string out_;
};

/// "HOST:PORT", numeric or a name. Waits at most `milliseconds` for the connection. unreachable.
core::Result<LineStream> connect_lines(const std::string& address, int milliseconds);

struct Listening {
  Descriptor socket;
  std::string address;  // "HOST:PORT" with the real port.
};
/// bad_argument; io_failed.
core::Result<Listening> listen_lines(const std::string& address);

}  // namespace intertie::slurm_runner
