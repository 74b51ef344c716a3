// Leave for one site to pull one dataset from one endpoint: the hub of the endpoint's region signs
// it for a site that another hub names under a grant (docs/formats/data-grant.md).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <boost/describe.hpp>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/crypto/signature.h"

namespace intertie::transfer {

/// The payload type of a pass's envelope.
inline constexpr std::string_view kPassType = "application/vnd.intertie.data-pass+json";

struct DataPass {
  std::string holder;   // Identifier of the hub or site whose endpoint takes it.
  std::string dataset;  // "data:<hex>"
  std::string reader;   // In whose name the holder's store is asked.
  std::string puller;   // Identifier of the site that pulls.
  std::string key;      // Of the puller's TLS certificate, "ed25519:...".
  std::string region;   // Of the puller.
  core::Time expires;
  std::string leg = {};  // For what a rate of the line may be reserved (hub/line_key.h).

  friend bool operator==(const DataPass&, const DataPass&) = default;
};
BOOST_DESCRIBE_STRUCT(DataPass, (), (holder, dataset, reader, puller, key, region, expires, leg))

/// For what a pass is shown: to whom, by whom, when.
struct PassUse {
  std::string holder;
  std::string dataset;
  std::string key;  // Of the other side's certificate.
  core::Time now;
};

/// Verifies that the hub with this key has signed it, and that it is for this use. bad_signature,
/// bad_syntax and the like; denied (another holder, dataset or key), token_expired. Pure, 70 us.
core::Result<DataPass> open_pass(std::string_view envelope, const crypto::PublicKey& hub_key,
                                 const PassUse& use);

}  // namespace intertie::transfer
