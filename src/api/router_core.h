// What handlers share: verified tokens, names of handles, keys of sites. Caches only.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "intertie/api/backend.h"
#include "intertie/crypto/digest.h"
#include "intertie/hub/index_tables.h"
#include "intertie/topology/snapshot.h"

#include "call.h"
#include "event_feed.h"
#include "grants.h"
#include "identity_answer.h"

namespace intertie::api {

inline storage::TableId table_id(hub::Table table) { return static_cast<storage::TableId>(table); }

/// Names behind the handles of durable records. Handles are never used again, so an old directory
/// is right as far as it goes.
struct Directory {
  hub::HubCreated hub;
  topology::Snapshot::Pointer topology;
  std::vector<std::string> principals;
  std::vector<std::string> accounts;
  std::vector<std::vector<std::string>> sign_keys;  // By site: all it has had.
  std::vector<hub::PeerAdded> peers;
};
using DirectoryPointer = std::shared_ptr<const Directory>;

/// What a caller needs the directory to cover: handles below these counts.
struct DirectoryNeed {
  std::size_t pools = 0;
  std::size_t principals = 0;
  std::size_t accounts = 0;
  std::size_t peers = 0;
};

class RouterCore {
 public:
  explicit RouterCore(Backend& backend)
      : backend_(backend), events_(std::make_shared<EventFeed>(backend)) {}

  Backend& backend() const { return backend_; }
  const std::shared_ptr<EventFeed>& events() const { return events_; }
  /// Verified answers of other registries.
  IdentityCache& identities() { return identities_; }
  GrantCache& grants() { return grants_; }

  /// Finds out who calls, then `then`; a refusal is answered. Verified tokens are remembered until
  /// they expire.
  void authenticate(const CallPointer& call, std::function<void()> then);

  /// Finds the site whose record has the key of the peer's certificate; certificate_refused.
  void authenticate_site(const CallPointer& call, bool may_be_unknown, std::function<void()> then);

  /// Finds the hub whose card has the key of the other side's certificate; certificate_refused.
  void authenticate_peer(const CallPointer& call, std::function<void()> then);

  /// The site's keys have changed: what was remembered of them is not used again.
  void forget_site(std::uint32_t site);

  /// Gives a directory that covers the need, at once if there is one.
  void use_directory(const CallPointer& call, const DirectoryNeed& need,
                     std::function<void(DirectoryPointer)> then);

  /// 128 bits nobody else can guess, as text: the token key's signature over time and a counter.
  std::string make_nonce();

 private:
  struct KnownToken {
    Caller caller;
  };
  struct KnownPeer {
    std::string key;
    core::Time expires;
  };

  void remember(const crypto::Digest& digest, const Caller& caller);
  core::Result<KnownPeer> check_peer(const std::string& der);

  Backend& backend_;
  const std::shared_ptr<EventFeed> events_;
  IdentityCache identities_;
  GrantCache grants_;
  std::mutex mutex_;  // Guards all below.
  boost::unordered_flat_map<crypto::Digest, Caller> tokens_;
  boost::unordered_flat_map<crypto::Digest, KnownPeer> peers_;
  boost::unordered_flat_map<std::string, std::uint32_t> sites_by_key_;
  boost::unordered_flat_map<std::string, std::uint32_t> hubs_by_key_;
  std::uint64_t key_changes_ = 0;  // So that a look-up under way remembers nothing old.
  DirectoryPointer directory_;
  std::atomic<std::uint64_t> nonces_{0};
};

}  // namespace intertie::api
