// Where a TLS connection leaves what is to be sent.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

namespace intertie::net {

/// Gathers the records of one connection, so that many of them cost one call of the system.
/// OpenSSL would send each record of 16 KiB by itself, and a pair of memory buffers copies each
/// twice. Must outlive the SSL, or be detached by freeing it. Thread-confined as the SSL is.
class TlsOutput {
 public:
  /// So many bytes of text are encrypted before they are sent: few calls, and still in the cache.
  static constexpr std::size_t kGatherBytes = 128u << 10;

  TlsOutput() = default;
  TlsOutput(const TlsOutput&) = delete;
  TlsOutput& operator=(const TlsOutput&) = delete;

  /// From now on `ssl` writes here. False if memory is short.
  bool attach(SSL* ssl);

  /// Encrypts a prefix of `text`, as much as still fits, and removes it. False: see the error
  /// queue.
  bool encrypt(SSL* ssl, std::string_view& text);

  bool is_full() const { return bytes_.size() >= kGatherBytes; }
  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace intertie::net
