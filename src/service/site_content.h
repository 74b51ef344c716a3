// The content a site holds, by digest: inputs fetched from the hub, outputs of its tasks.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/crypto/digest.h"
#include "intertie/net/http_client.h"

#include "fail_points.h"

namespace intertie::service {

/// Files FOLDER/<first two digits>/<64 hexadecimal digits>, complete and verified once they have
/// their name. Any thread.
class SiteContent {
 public:
  /// `folder` is made if missing; half-written files of an earlier run are removed.
  /// `fail_points` outlives it.
  static core::Result<std::unique_ptr<SiteContent>> open(std::string folder,
                                                         FailPoints& fail_points);

  /// Makes sure that the content is here, if need be from the hub, verified on the way; returns its
  /// path. Refuses with bad_digest, not_found, too_large (more than `size`, if that is above 0),
  /// io_failed and what the client refuses.
  core::Result<std::string> fetch(const crypto::Digest& digest, core::Bytes size,
                                  net::HttpClient& client);

  struct Stored {
    crypto::Digest digest;
    core::Bytes size;
  };
  /// Copies an open file in. io_failed.
  core::Result<Stored> store(int file);

  /// The file of a digest; it may not exist.
  std::string get_path(const crypto::Digest& digest) const;

 private:
  SiteContent(std::string folder, FailPoints& fail_points)
      : folder_(std::move(folder)), fail_points_(fail_points) {}
  class Incoming;

  const std::string folder_;
  FailPoints& fail_points_;
  std::atomic<std::uint64_t> incoming_{0};
};

}  // namespace intertie::service
