// Passes.
#include "intertie/transfer/pass.h"

#include <optional>

#include "intertie/codec/json.h"
#include "intertie/identity/envelope.h"

namespace intertie::transfer {

core::Result<DataPass> open_pass(std::string_view envelope, const crypto::PublicKey& hub_key,
                                 const PassUse& use) {
  const crypto::Digest key_id = crypto::compute_key_digest(hub_key);
  const auto opened = identity::open_envelope(envelope, kPassType, [&](const crypto::Digest& id) {
    return id == key_id ? std::optional(hub_key) : std::nullopt;
  });
  if (!opened) return opened.error();
  auto pass = codec::from_json<DataPass>(opened->payload, codec::Boundary::tolerant);
  if (!pass) return pass.error();
  if (pass->holder != use.holder) {
    return core::Error{core::Reason::denied, "the pass is for " + pass->holder};
  }
  if (pass->dataset != use.dataset) {
    return core::Error{core::Reason::denied, "the pass is for another dataset"};
  }
  if (pass->key != use.key) {
    return core::Error{core::Reason::denied, "the pass is for the holder of another key"};
  }
  if (pass->expires <= use.now) return core::Error{core::Reason::token_expired, "the pass"};
  return pass;
}

}  // namespace intertie::transfer
