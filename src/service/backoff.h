// Growing pauses between tries.
#pragma once

#include <algorithm>
#include <cstdint>

#include "intertie/core/quantity.h"
#include "intertie/crypto/secret.h"

namespace intertie::service {

/// Pauses double up to a bound and are drawn from their upper half, so that all who wait for one
/// hub do not come back at once.
class Backoff {
 public:
  void reset() { next_ = core::milliseconds(200); }
  core::Duration take() {
    const core::Duration most = next_;
    next_ = std::min(next_ + next_, kPauseMax);
    const std::int64_t half = most.count / 2;
    return core::Duration{half + half * crypto::random_bytes(1)[0] / 255};
  }

 private:
  static constexpr core::Duration kPauseMax = core::seconds(15);
  core::Duration next_ = core::milliseconds(200);
};

}  // namespace intertie::service
