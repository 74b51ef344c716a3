// Answers of other registries: what makes one good, and the ones that are remembered.
#pragma once

#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <boost/unordered/unordered_flat_map.hpp>

#include "intertie/api/identity_views.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/hub/identity_statement.h"

namespace intertie::api {

/// The view of a statement, with the envelopes that prove it.
IdentityView make_identity_view(const hub::IdentityStatement& said, std::string statement,
                                std::string record);

/// Whose word counts: a hub and the key it signs with.
struct Registry {
  std::string id;
  std::string sign_key;  // "ed25519:..."
};

/// Verifies an answer about `path`: the registry's signature, that it is about this identifier and
/// not from the future, and that the record is the one it names and is signed, too. Returns the
/// view anew from the envelopes: nothing else of the answer is believed. bad_signature, bad_digest,
/// bad_field, bad_key and what records are refused with. 200 us.
core::Result<IdentityView> check_identity(const IdentityView& answer, const identity::Path& path,
                                          const Registry& registry, core::Time now);

/// Whether a registry may say `newer` after `older`, both verified and about one identifier. What
/// it has revoked stays so and what it has given out is not denied later: record_forked. Older than
/// what is known by more than limits::clock_margin (an old answer played again, or a registry
/// restored from a backup): stale_sequence.
core::Result<void> check_follows(const IdentityView& older, const IdentityView& newer);

/// Verified answers, for when their registry cannot be reached. Bounded by number and size; the
/// least recently used goes first. Any thread.
class IdentityCache {
 public:
  void put(const IdentityView& view);
  std::optional<IdentityView> find(const std::string& id);

 private:
  void drop_last();

  std::mutex mutex_;
  std::list<IdentityView> views_;  // Latest first.
  boost::unordered_flat_map<std::string, std::list<IdentityView>::iterator> places_;
  std::size_t bytes_ = 0;
};

}  // namespace intertie::api
