// Where a site's inputs come from: its hub, which has or relays everything, and whoever else holds
// a dataset and can be reached (docs/formats/data-grant.md).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "intertie/api/grant_views.h"
#include "intertie/core/result.h"
#include "intertie/crypto/digest.h"
#include "intertie/net/http_client.h"
#include "intertie/transfer_wire/http_source.h"

#include "site_hub_client.h"

namespace intertie::service {

/// What came over the connections of a pull. Any thread.
struct PullCount {
  std::atomic<std::int64_t> bytes{0};
  std::atomic<std::uint32_t> cuts{0};
  std::function<void(const core::Error&)> on_cut = {};  // Any thread; set before the pull.
};

/// One thread's, except interrupt().
class InputSources {
 public:
  /// `clients` outlives it.
  explicit InputSources(const SiteHubClients& clients);

  transfer_wire::HttpSources& hub() { return hub_; }

  /// Endpoints that have the dataset, with passes for this site; none if the hub says so or cannot
  /// be asked. `query`: "?job=7".
  std::vector<api::DataSourceView> find_holders(const crypto::Digest& root,
                                                const std::string& query);

  /// Connections to one of them; bad_syntax: no address.
  core::Result<std::shared_ptr<transfer_wire::HttpSources>> open(const api::DataSourceView& holder);
  /// They are used no more.
  void close(const std::shared_ptr<transfer_wire::HttpSources>& sources);

  /// A connection whose bytes and cuts are counted. `sources` and `count` outlive it.
  static std::unique_ptr<transfer_wire::ChunkSource> make_counted(
      transfer_wire::HttpSources& sources, std::string query, PullCount& count);

  /// Ends every call under way and every later one with `stopping`. Any thread.
  void interrupt();

 private:
  const SiteHubClients& clients_;
  net::HttpClient client_;
  transfer_wire::HttpSources hub_;
  std::mutex mutex_;  // Guards all below.
  bool is_interrupted_ = false;
  std::set<std::shared_ptr<transfer_wire::HttpSources>> open_;
};

}  // namespace intertie::service
