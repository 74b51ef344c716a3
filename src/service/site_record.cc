#include "site_record.h"

#include <algorithm>
#include <utility>

#include "intertie/codec/json.h"
#include "intertie/hub/site_record.h"
#include "intertie/identity/envelope.h"

#include "clock.h"
#include "site_hub_client.h"

namespace intertie::service {
namespace {

// Whether the two differ in status and times alone.
bool says_the_same(const identity::RegistrationRecord& known,
                   const identity::RegistrationRecord& shown) {
  using Record = identity::RegistrationRecord;
  return identity::are_equal_but_for(known, shown, &Record::seq, &Record::prev_hash,
                                     &Record::status, &Record::issued, &Record::valid_until);
}

}  // namespace

core::Result<identity::SignedRecord> open_own_record(const std::string& envelope,
                                                     const SiteIdentity& identity) {
  const auto hub_key = crypto::parse_public_key(identity.hub_sign_key);
  if (!hub_key) return hub_key.error();
  auto record = identity::open_record(envelope, {*hub_key, std::nullopt});
  if (!record) return record;
  if (identity::to_text(record->record.id) == identity.site) return record;
  return {core::Reason::bad_field, "record: not that of this site"};
}

core::Result<void> check_own_record(const identity::SignedRecord& known,
                                    const identity::SignedRecord& shown,
                                    const crypto::PublicKey& own_key) {
  if (shown.hash == known.hash) return {};
  if (shown.record.seq < known.record.seq) {
    return {core::Reason::stale_sequence,
            "record: the hub shows version " + std::to_string(shown.record.seq) +
                ", this site has " + std::to_string(known.record.seq)};
  }
  if (shown.record.seq == known.record.seq) {
    return {core::Reason::record_forked, "record: the hub shows another version of this number"};
  }
  if (shown.is_countersigned && hub::has_signed(shown, own_key)) return {};
  if (says_the_same(known.record, shown.record)) return {};
  return {core::Reason::bad_signature, "record: the hub alone has changed more than its status"};
}

core::Result<RecordInForce> fetch_own_record(net::HttpClient& client, SiteIdentity& identity,
                                             const crypto::PublicKey& own_key) {
  const auto text = ask_json(client, "GET", "/site/v1/record", {});
  if (!text) return text.error();
  const auto answer = codec::from_json<api::RecordDue>(*text, codec::Boundary::tolerant);
  if (!answer) return answer.error();
  const auto known = open_own_record(identity.record, identity);
  if (!known) return known.error();
  auto shown = open_own_record(answer->record, identity);
  if (!shown) return shown.error();
  if (const auto right = check_own_record(*known, *shown, own_key); !right) return right.error();
  identity.record = shown->envelope;
  return RecordInForce{std::move(*shown), answer->status};
}

identity::RegistrationRecord make_next_version(const identity::SignedRecord& older,
                                               core::Time now) {
  identity::RegistrationRecord record = older.record;
  record.seq += 1;
  record.prev_hash = older.hash;
  record.issued = std::max(now, older.record.issued);
  record.valid_until = record.issued + identity::record_lifetime_default;
  return record;
}

core::Result<void> send_own_record(net::HttpClient& client, const std::string& folder,
                                   SiteIdentity& identity,
                                   const identity::RegistrationRecord& record,
                                   const crypto::KeyPair& key, std::uint64_t rows) {
  if (const auto right = identity::check_record(record); !right) return right.error();
  const auto envelope = identity::seal_envelope(identity::kRecordType, codec::to_json(record), key);
  if (!envelope) return envelope.error();
  const auto text =
      post_json(client, "/site/v1/record", codec::to_json(api::AmendRequest{*envelope, rows}));
  if (!text) return text.error();
  const auto answer = codec::from_json<api::KeysAnswer>(*text, codec::Boundary::tolerant);
  if (!answer) return answer.error();
  const auto agreed = open_own_record(answer->record, identity);
  if (!agreed) return agreed.error();
  if (agreed->record != record) {
    return {core::Reason::bad_signature, "the hub's answer is another record than was asked for"};
  }
  identity.record = agreed->envelope;
  return write_site_identity(folder, identity);
}

core::Result<bool> renew_own_record(net::HttpClient& client, const std::string& folder,
                                    SiteIdentity& identity, const crypto::KeyPair& key) {
  const auto present = fetch_own_record(client, identity, key.public_key());
  if (!present) return present.error();
  if (!present->status) return false;
  identity::RegistrationRecord next = make_next_version(present->record, read_clock());
  next.status = *present->status;
  const auto sent = send_own_record(client, folder, identity, next, key);
  if (!sent) return sent.error();
  return true;
}

}  // namespace intertie::service
