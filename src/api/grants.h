// Leave to read datasets of other regions: given for one's own users, kept while it counts, and
// checked where the data lies (docs/formats/data-grant.md).
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "intertie/api/grant_views.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/transfer/dataset.h"
#include "intertie/transfer/dataset_name.h"

#include "call.h"
#include "regions.h"

namespace intertie::api {

inline constexpr core::Duration kGrantLifetime = core::minutes(15);
/// A kept one is not shown so shortly before its end: clocks differ.
inline constexpr core::Duration kGrantMargin = core::minutes(1);
inline constexpr std::size_t kGrantsKeptMax = 10'000;

/// For what a job of this hub needs data, and where it runs.
struct GrantFacts {
  std::string region;          // Of this hub.
  std::string owner;           // The job's.
  std::uint64_t document = 0;  // Log index whose body is the job document.
  std::uint64_t offer = 0;     // 0: it runs here.
  std::string audience;        // The hub that fetches, and its region.
  std::string audience_region;
};

/// Reads the job document: it must name the dataset (not_found), and the policy must let it lie in
/// that region (data_policy). Reads the log: not on the engine's thread.
core::Result<GrantAnswer> make_grant(const Call& call, const GrantFacts& facts,
                                     const transfer::DatasetKey& key);

struct Granted {
  transfer::DatasetInfo info;
  std::string reader;  // As this hub's store calls them.
  core::Time expires;
  LineUse line;  // To the calling hub's region, and for what a rate of it may be reserved.
};
/// What a grant in the request's header lets the calling hub read here, by the identity in the
/// path. What open_grant and check_grant refuse; not_found; data_policy: it may not lie in the
/// calling hub's region.
core::Result<Granted> find_granted(const Call& call, const Regions& regions,
                                   const crypto::Digest& root);

/// A pass for this hub's data endpoint, for a site that the calling hub names; none without an
/// endpoint.
core::Result<DataSources> make_passes(const Call& call, const Regions& regions,
                                      const Granted& granted, const PassRequest& request);

/// Who will pull: a site of this hub.
struct CopyReader {
  std::string site;
  std::string region;
};
/// Passes of this hub for copies at its sites, for the calling site, which may read the dataset.
std::vector<DataSourceView> make_copy_passes(const Call& call,
                                             const std::vector<hub::DataCopy>& copies,
                                             const crypto::Digest& root, const CopyReader& reader);

/// Grants for the jobs at this hub's sites. Any thread.
class GrantCache {
 public:
  /// Nothing once it is about to expire.
  std::optional<GrantAnswer> find(std::uint64_t job, const std::string& key, core::Time now);
  void keep(std::uint64_t job, const std::string& key, GrantAnswer answer, core::Time now);
  void drop(std::uint64_t job, const std::string& key);

 private:
  std::mutex mutex_;
  std::map<std::pair<std::uint64_t, std::string>, GrantAnswer> kept_;
};

}  // namespace intertie::api
