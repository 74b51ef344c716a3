// A blocking socket with deadlines and interruption, plain or TLS.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "intertie/core/result.h"

#include "tls_context.h"
#include "tls_output.h"

namespace intertie::net {

using Deadline = std::chrono::steady_clock::time_point;

/// A file descriptor that is closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();
  int number() const { return number_; }

 private:
  int number_;
};

/// A flag that ends blocking calls; once raised it stays. raise() from any thread.
class Interrupt {
 public:
  Interrupt();
  void raise() const;
  /// Readable when raised; negative if the system gave none (then only is_raised() tells).
  int descriptor() const { return event_.number(); }
  bool is_raised() const { return is_raised_.load(); }

 private:
  Descriptor event_;
  mutable std::atomic<bool> is_raised_ = false;
};

using Interrupts = std::vector<std::shared_ptr<const Interrupt>>;

/// One connection. Thread-confined. Every call ends with stopping when interrupted, timed_out after
/// its deadline, unreachable when the connection is broken, certificate_refused as TLS says.
class ClientSocket {
 public:
  /// `tls` may be null; otherwise it must outlive the socket, and the handshake is done here.
  static core::Result<std::unique_ptr<ClientSocket>> connect(const std::string& host,
                                                             std::uint16_t port,
                                                             const ClientTls* tls,
                                                             Interrupts interrupts,
                                                             Deadline deadline);

  core::Result<void> write(std::string_view data, Deadline deadline);
  /// At least one byte, and then all that is here already, up to `size`; 0 when the other side has
  /// ended its sending half.
  core::Result<std::size_t> read(char* data, std::size_t size, Deadline deadline);
  /// After read() gave 0 on TLS: the end was not announced, so it may have been forged.
  bool was_cut() const { return was_cut_; }
  /// Nothing has arrived since the last response, not even the end. Cheap; for reuse.
  bool is_quiet() const;
  void add_interrupt(std::shared_ptr<const Interrupt> interrupt);

 private:
  ClientSocket(Descriptor descriptor, Interrupts interrupts);

  core::Result<void> start_tls(const ClientTls& tls, const std::string& host, Deadline deadline);
  core::Result<void> wait(short events, Deadline deadline) const;
  core::Result<void> send_raw(std::string_view data, Deadline deadline);
  core::Result<std::size_t> receive_raw(char* data, std::size_t size, Deadline deadline);
  /// Sends the records that TLS has left to be sent.
  core::Result<void> flush_tls(Deadline deadline);
  /// The input is at its end, whatever TLS makes of it.
  bool is_input_over() const;
  core::Error take_read_error(int code) const;

  Descriptor descriptor_;
  Interrupts interrupts_;
  TlsOutput output_;
  Ssl ssl_;
  std::optional<core::Error> failure_;  // What ended the input, behind bytes already given.
  bool was_cut_ = false;
};

}  // namespace intertie::net
