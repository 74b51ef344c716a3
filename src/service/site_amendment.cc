#include "intertie/service/site_amendment.h"

#include <unistd.h>

#include <functional>
#include <utility>

#include "intertie/core/limits.h"
#include "intertie/hub/site_record.h"

#include "clock.h"
#include "site_hub_client.h"
#include "site_identity.h"
#include "site_journal.h"
#include "site_keys.h"
#include "site_record.h"

namespace intertie::service {
namespace {

using identity::RecordStatus;

core::Result<AmendedSite> change_record(
    const std::string& folder, const std::function<void(identity::RegistrationRecord&)>& change) {
  auto identity = read_site_identity(folder);
  if (!identity) return identity.error();
  if (::access((folder + "/rotation").c_str(), F_OK) == 0) {
    return core::Error{core::Reason::busy,
                       "a change of keys was cut off: intertie site rotate-keys ends it"};
  }
  const auto keys = open_site_keys(folder, identity->site, read_clock());
  if (!keys) return keys.error();
  const auto rows = read_last_row(folder, keys->sign);
  if (!rows) return rows.error();
  const auto clients =
      SiteHubClients::create({identity->hub_address, identity->hub_fingerprint}, *keys);
  if (!clients) return clients.error();
  net::HttpClient client = clients->make_client(core::limits::request_timeout);
  const auto present = fetch_own_record(client, *identity, keys->sign.public_key());
  if (!present) return present.error();
  identity::RegistrationRecord next = make_next_version(present->record, read_clock());
  change(next);
  const auto sent = send_own_record(client, folder, *identity, next, keys->sign, *rows);
  if (!sent) return sent.error();
  return AmendedSite{identity->site, next.seq, next.status};
}

}  // namespace

core::Result<AmendedSite> amend_site(const std::string& folder, const SiteFacts& facts) {
  return change_record(folder, [&facts](identity::RegistrationRecord& next) {
    if (facts.place) next.place = *facts.place;
    if (facts.commissioned) next.commissioned = facts.commissioned;
    if (facts.aka) next.aka = *facts.aka;
    if (!facts.claimed) return;
    const bool is_raised = hub::raises_claims(next.claimed, *facts.claimed);
    next.claimed = *facts.claimed;
    const bool is_listed =
        next.status == RecordStatus::measured || next.status == RecordStatus::active;
    if (is_raised && is_listed) next.status = RecordStatus::stale;
  });
}

core::Result<AmendedSite> retire_site(const std::string& folder) {
  auto done = change_record(
      folder, [](identity::RegistrationRecord& next) { next.status = RecordStatus::retired; });
  if (done || done.error().reason != core::Reason::certificate_refused) return done;
  return core::Error{core::Reason::certificate_refused,
                     "the hub does not know this site's keys any more: it was retired before, or "
                     "revoked (intertie id show tells)"};
}

}  // namespace intertie::service
