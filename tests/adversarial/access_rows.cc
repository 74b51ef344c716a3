#include "access_rows.h"

namespace intertie::adversarial {
namespace {

constexpr std::string_view kOpen = "++++";
constexpr std::string_view kEverybody = "!+++";
constexpr std::string_view kOperators = "!--+";
// The caller's own; other people's do not exist. Operators see their region's.
constexpr std::string_view kOwn = "!+00+00++0";
// Data is the owner's alone, whatever the role.
constexpr std::string_view kOwnData = "!+00+00+00";

constexpr AccessRow kUserRows[] = {
    {"POST /v1/jobs", Subject::none, kEverybody},
    {"GET /v1/jobs", Subject::owner_query, "!+--+--++0"},
    {"GET /v1/jobs/{job}", Subject::job, kOwn},
    {"POST /v1/jobs/{job}:cancel", Subject::job, kOwn},
    {"POST /v1/jobs:bulk", Subject::none, kEverybody},
    {"GET /v1/jobs/{job}/log", Subject::job, kOwn},
    {"GET /v1/jobs/{job}/outputs", Subject::job, kOwn},
    {"GET /v1/jobs/{job}/outputs/{name}", Subject::job, kOwn},
    {"POST /v1/plan", Subject::none, kEverybody},
    {"GET /v1/jobs/{job}/explain", Subject::job, kOwn},
    {"GET /v1/sites", Subject::none, kEverybody},
    {"GET /v1/sites/{site}", Subject::none, kEverybody},
    {"POST /v1/sites/{site}:drain", Subject::site, "!.--+-0.+0"},
    {"POST /v1/sites/{site}:resume", Subject::site, "!.--+-0.+0"},
    {"PUT /v1/sites/{site}/pools", Subject::site, "!.--+-0.+0"},
    {"POST /v1/sites/{site}:reconcile", Subject::site, "!.-----.+0"},
    {"GET /v1/measurements", Subject::none, kEverybody},
    {"GET /v1/ids/{id}", Subject::none, kEverybody},
    {"GET /v1/identities/{id}", Subject::none, kEverybody},
    {"GET /v1/identities/{id}/{part}", Subject::none, kEverybody},
    {"GET /v1/peers", Subject::none, kEverybody},
    {"POST /v1/peers", Subject::none, kOperators},
    {"GET /v1/peers/card", Subject::none, kOperators},
    {"GET /v1/peers/clearing", Subject::none, kOperators},
    {"POST /v1/peers/{peer}:change", Subject::none, kOperators},
    {"POST /v1/peers/{peer}:reconcile", Subject::none, kOperators},
    {"POST /v1/peers/{peer}:settle", Subject::none, kOperators},
    {"POST /v1/peers/{peer}:adjust", Subject::none, kOperators},
    // Nothing waits for a decision in the world of the test.
    {"POST /v1/peers/{peer}:decide", Subject::none, "!--0"},
    {"GET /v1/guests", Subject::none, kOperators},
    {"GET /v1/lines", Subject::none, kEverybody},
    {"POST /v1/lines", Subject::none, kOperators},
    {"POST /v1/lines/{to}:retire", Subject::none, kOperators},
    {"GET /v1/accounts", Subject::none, kEverybody},
    {"GET /v1/accounts/{account}", Subject::account, "!+00+00+++"},
    {"GET /v1/accounts/{account}/postings", Subject::account, "!+00+00+++"},
    {"POST /v1/accounts/{account}:deposit", Subject::account, "!------+++"},
    {"POST /v1/accounts/{account}:limit", Subject::account, "!------+++"},
    {"GET /v1/ledger/check", Subject::none, kOperators},
    {"GET /v1/jobs/{job}/bill", Subject::job, kOwn},
    {"GET /v1/bill", Subject::owner_query, "!+--+--++0"},
    {"GET /v1/disputes", Subject::none, kEverybody},
    {"POST /v1/disputes/{id}/resolve", Subject::dispute, "!------.+0"},
    {"GET /v1/events", Subject::none, kEverybody},
    {"PUT /v1/content/sha256:{digest}", Subject::none, kEverybody},
    {"GET /v1/content/sha256:{digest}", Subject::dataset, kOwnData},
    {"HEAD /v1/content/sha256:{digest}", Subject::dataset, kOwnData},
    {"PUT /v1/datasets/{dataset}/chunks/{chunk}", Subject::dataset, kOwnData},
    {"PUT /v1/datasets/{dataset}", Subject::none, kEverybody},
    {"POST /v1/datasets/{dataset}:pin", Subject::dataset, kOwnData},
    {"POST /v1/datasets/{dataset}:unpin", Subject::dataset, kOwnData},
    {"DELETE /v1/datasets/{dataset}", Subject::dataset, kOwnData},
    {"GET /v1/datasets", Subject::none, kEverybody},
    {"GET /v1/datasets:find", Subject::dataset, kOwnData},
    {"GET /v1/datasets/{dataset}/manifest", Subject::dataset, kOwnData},
    {"GET /v1/datasets/{dataset}/content", Subject::dataset, kOwnData},
    {"GET /v1/datasets/{dataset}", Subject::dataset, kOwnData},
    {"GET /v1/hub", Subject::none, kEverybody},
    {"GET /v1/principals", Subject::none, kOperators},
    {"POST /v1/principals", Subject::none, kOperators},
    {"POST /v1/tokens", Subject::principal, "!+--+--++0"},
    {"POST /v1/site-tokens", Subject::principal, "!---+--++0"},
    {"GET /v1/public/head", Subject::none, kOpen},
    {"GET /v1/public/leaves", Subject::none, kOpen},
    {"GET /v1/public/proof", Subject::none, kOpen},
    {"GET /v1/public/consistency", Subject::none, kOpen},
    {"POST /v1/sites/{site}:revoke", Subject::site, "!.-----.+0"},
    {"POST /v1/sites/{site}:suspend", Subject::site, "!.-----.+0"},
    {"POST /v1/sites/{site}:reinstate", Subject::site, "!.-----.+0"},
    {"GET /livez", Subject::none, kOpen},
    {"GET /readyz", Subject::none, kOpen},
    {"GET /metrics", Subject::none, kOpen},
    {"GET /openapi.json", Subject::none, kOpen},
    {"GET /v1/openapi.json", Subject::none, kOpen},
};

constexpr std::string_view kSites = "--+.-.";
constexpr std::string_view kHubs = "---.+.";
// A user of the calling hub's region; a user of this hub is one of theirs only by name.
constexpr std::string_view kHubsOwnUser = "---.+0";

constexpr AccessRow kSiteRows[] = {
    {"POST /site/v1/beat", Subject::none, kSites},
    {"POST /site/v1/rows", Subject::none, kSites},
    {"GET /site/v1/rows", Subject::none, kSites},
    {"POST /site/v1/open", Subject::none, kSites},
    // The join token in the body admits; whose key it is then, the record says.
    {"POST /site/v1/join:propose", Subject::none, "-+...."},
    {"POST /site/v1/join", Subject::none, "-+...."},
    {"POST /site/v1/keys", Subject::none, kSites},
    {"GET /site/v1/record", Subject::none, kSites},
    {"POST /site/v1/record", Subject::none, kSites},
    {"GET /site/v1/datasets/{dataset}/manifest", Subject::attempt, "--+0-."},
    {"GET /site/v1/datasets/{dataset}/content", Subject::attempt, "--+0-."},
    {"GET /site/v1/datasets/{dataset}/sources", Subject::attempt, "--+0-."},
    {"GET /site/v1/content/{dataset}", Subject::attempt, "--+0-."},
    {"POST /site/v1/secrets", Subject::attempt, "--+s-."},
    {"POST /site/v1/answers/{id}", Subject::none, kSites},
    {"POST /peer/v1/open", Subject::none, kHubs},
    {"POST /peer/v1/rows", Subject::none, kHubs},
    {"POST /peer/v1/beacon", Subject::none, kHubs},
    {"POST /peer/v1/files", Subject::offer, "---.+0"},
    {"POST /peer/v1/secrets", Subject::offer, "---.ss"},
    {"GET /peer/v1/clearing", Subject::none, kHubs},
    {"GET /peer/v1/identities/{id}", Subject::none, kHubs},
    {"GET /peer/v1/identities/{id}/{part}", Subject::none, kHubs},
    {"PUT /peer/v1/users/{user}/datasets/{dataset}/chunks/{chunk}", Subject::region_user,
     kHubsOwnUser},
    {"PUT /peer/v1/users/{user}/datasets/{dataset}", Subject::none, kHubs},
    {"POST /peer/v1/users/{user}/datasets/{dataset}:pin", Subject::region_user, kHubsOwnUser},
    {"POST /peer/v1/users/{user}/datasets/{dataset}:unpin", Subject::region_user, kHubsOwnUser},
    {"DELETE /peer/v1/users/{user}/datasets/{dataset}", Subject::region_user, kHubsOwnUser},
    {"GET /peer/v1/users/{user}/datasets", Subject::none, kHubs},
    {"GET /peer/v1/users/{user}/datasets:find", Subject::region_user, kHubsOwnUser},
    {"GET /peer/v1/users/{user}/datasets/{dataset}/manifest", Subject::region_user, kHubsOwnUser},
    {"GET /peer/v1/users/{user}/datasets/{dataset}/content", Subject::region_user, kHubsOwnUser},
    {"GET /peer/v1/users/{user}/datasets/{dataset}", Subject::region_user, kHubsOwnUser},
    // What a grant allows is shown by Grant.* of transfer_test; here: nothing without one.
    {"POST /peer/v1/grants", Subject::offer, "---.00"},
    {"POST /peer/v1/locate", Subject::none, kHubs},
    {"GET /peer/v1/datasets/{dataset}/manifest", Subject::none, "---.b."},
    {"GET /peer/v1/datasets/{dataset}/content", Subject::none, "---.b."},
    {"POST /peer/v1/datasets/{dataset}/passes", Subject::none, "---.b."},
    {"PUT /site/v1/outputs/{dataset}/chunks/{chunk}", Subject::attempt, "--.s-."},
    {"PUT /site/v1/outputs/{dataset}", Subject::attempt, "--+s-."},
    {"PUT /peer/v1/outputs/{dataset}/chunks/{chunk}", Subject::offer, "---.ss"},
    {"PUT /peer/v1/outputs/{dataset}", Subject::offer, "---.ss"},
};

constexpr std::string_view kSubjectNames[] = {
    "",          "a job",          "an account",          "a dataset", "a site",
    "a dispute", "a peer",         "the principal named", "?owner=",   "a running attempt",
    "an offer",  "a region's user"};

}  // namespace

std::span<const AccessRow> list_user_rows() { return kUserRows; }
std::span<const AccessRow> list_site_rows() { return kSiteRows; }

std::string_view get_subject_name(Subject subject) {
  return kSubjectNames[static_cast<std::size_t>(subject)];
}

}  // namespace intertie::adversarial
